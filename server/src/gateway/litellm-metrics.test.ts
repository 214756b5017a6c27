import { expect, it } from 'vitest';
import { createMetrics } from '#telemetry/metrics.ts';
import { countingCalls } from './litellm-metrics.ts';
import { settledCall, startedCall } from './money/call-fixture.ts';

function counted(isOn: boolean, endUsers = false) {
  const metrics = createMetrics();
  const told: bigint[] = [];
  const options = { isOn: () => isOn, endUsers: () => endUsers };
  const listener = countingCalls(metrics, options, { began: () => {}, ended: (sequence) => void told.push(sequence), lost: () => {} });
  return { metrics, told, listener, lines: () => metrics.text().split('\n') };
}

const WHOSE = `hashed_api_key="${'a'.repeat(64)}",api_key_alias="app",team="None",team_alias="None",user="alice",user_email="None",end_user="None"`;

it('counts spend, tokens and requests under LiteLLM’s names, the unknown price as nothing', () => {
  const { told, listener, lines } = counted(false);
  listener.ended(1n, settledCall(startedCall(), '0.0000375'));
  listener.ended(2n, settledCall(startedCall(), null, { outcome: 'failure', httpStatus: 429, errorClass: 'RateLimitError', usage: null }));
  expect(told).toEqual([1n, 2n]);
  const found = (start: string, end: string) => lines().some((line) => line.startsWith(`${start}{${WHOSE},`) && line.endsWith(end));
  expect(found('litellm_spend_metric_total', ' 0.0000375')).toBe(true);
  expect(found('litellm_total_tokens_metric_total', ' 21')).toBe(true);
  expect(found('litellm_proxy_total_requests_metric_total', 'status_code="200"} 1')).toBe(true);
  expect(lines().some((line) => line.includes('exception_status="429"') && line.includes('RateLimitError'))).toBe(true);
  expect(lines().some((line) => line.startsWith('litellm_request_total_latency_metric_bucket'))).toBe(false);
});

it('tells latencies and deployments only where the callback asks for them', () => {
  const { listener, lines } = counted(true);
  listener.ended(1n, settledCall(startedCall(), '0.5'));
  const families = new Set(lines().flatMap((line) => /^(litellm_\w+)\{/.exec(line)?.[1] ?? []));
  for (const name of [
    'litellm_request_total_latency_metric_count',
    'litellm_overhead_latency_metric_count',
    'litellm_llm_api_latency_metric_count',
    'litellm_deployment_total_requests_total',
    'litellm_deployment_success_responses_total',
  ])
    expect([...families]).toContain(name);
  const bounds = lines().flatMap((line) => /^litellm_request_total_latency_metric_bucket\{.*le="([^"]+)"/.exec(line)?.[1] ?? []);
  expect(bounds).toHaveLength(36);
  expect(bounds.slice(0, 8)).toEqual(['0.005', '0.00625', '0.0125', '0.025', '0.05', '0.1', '0.5', '1']);
});

it('splits by end user only on request, and keeps the number of series within its bound', () => {
  const { listener, lines } = counted(false, true);
  for (let user = 0; user < 1_500; user += 1) listener.ended(1n, settledCall(startedCall(), '1', { endUser: `user-${user}` }));
  const series = lines().filter((line) => line.startsWith('litellm_spend_metric_total{'));
  expect(series.length).toBeLessThanOrEqual(1_001);
  expect(series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(1_500);
});
