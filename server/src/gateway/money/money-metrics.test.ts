import { expect, it } from 'vitest';
import { createMetrics } from '#telemetry/metrics.ts';
import { settledCall, startedCall } from './call-fixture.ts';
import { countingSpend } from './money-metrics.ts';

it('counts settled calls under the names that LiteLLM’s dashboards read, the unknown price as nothing', () => {
  const metrics = createMetrics();
  const told: bigint[] = [];
  const listener = countingSpend(metrics, { began: () => {}, ended: (sequence) => void told.push(sequence), lost: () => {} });
  listener.ended(1n, settledCall(startedCall(), '0.0000375'));
  listener.ended(2n, settledCall(startedCall(), null, { outcome: 'failure', httpStatus: 429, errorClass: 'RateLimitError', usage: null }));
  expect(told).toEqual([1n, 2n]);
  const labels = `hashed_api_key="${'a'.repeat(64)}",api_key_alias="app",model="gpt-4o-mini",team="",team_alias="",user="alice"`;
  for (const line of [
    `litellm_spend_metric_total{${labels}} 0.0000375`,
    `litellm_total_tokens_metric_total{${labels}} 21`,
    `litellm_proxy_total_requests_metric_total{${labels},status_code="200"} 1`,
    `litellm_proxy_failed_requests_metric_total{${labels},exception_class="RateLimitError"} 1`,
  ]) {
    expect(metrics.text().split('\n')).toContain(line);
  }
});
