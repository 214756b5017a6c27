// Settled calls under LiteLLM's metric names, for the dashboards that read them. Names, labels and buckets are LiteLLM's (litellm.md §3.11); series are bounded.
// Spend, tokens and requests are always counted; the rest with the callback `prometheus`.
import type { AttemptRecord, CallSettled } from '#call-record.ts';
import type { CounterSeries, HistogramSeries, Metrics } from '#telemetry/metrics.ts';
import type { MoneyListener } from './money/call-journal.ts';

export interface LiteLlmMetricsOptions {
  /** The callback `prometheus` is configured. */
  isOn: () => boolean;
  /** End users are a label of their own (many: opt-in). */
  endUsers: () => boolean;
}

/** Seconds; asserted as a set by LiteLLM's own tests. */
const LATENCY_BUCKETS = [
  0.005, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10, 15, 20, 25, 30, 60, 120, 180, 240,
  300,
];

const WHOSE = ['hashed_api_key', 'api_key_alias', 'team', 'team_alias', 'user', 'user_email', 'end_user'];
const SPEND = [...WHOSE, 'model', 'requested_model'];
const REQUEST = [...WHOSE, 'requested_model', 'route', 'client_ip', 'user_agent'];
const LATENCY = [...WHOSE, 'model', 'requested_model', 'model_id'];
const DEPLOYMENT = ['requested_model', 'litellm_model_name', 'model_id', 'api_base', 'api_provider', 'hashed_api_key', 'api_key_alias', 'team', 'team_alias'];
/** LiteLLM's word for what is not known. */
const NONE = 'None';

/** Label combinations whose series are held ready; beyond, they are looked up anew. */
const MAX_READY = 1_000;

interface CallSeries {
  readonly spend: CounterSeries;
  readonly total: CounterSeries;
  readonly input: CounterSeries;
  readonly output: CounterSeries;
  readonly cached: CounterSeries;
}

interface TimeSeries {
  readonly whole: HistogramSeries;
  readonly api: HistogramSeries;
  readonly firstToken: HistogramSeries;
  readonly overhead: HistogramSeries;
}

interface DeploymentSeries {
  readonly tries: CounterSeries;
  readonly successes: CounterSeries;
  readonly perToken: HistogramSeries;
}

/** A listener that counts a settled call, then tells `next`. */
export function countingCalls(metrics: Metrics, options: LiteLlmMetricsOptions, next: MoneyListener): MoneyListener {
  const counter = new CallCounter(familiesOf(metrics), options);
  return {
    began: next.began,
    lost: next.lost,
    ended(sequence, record) {
      next.ended(sequence, record);
      counter.count(record);
    },
  };
}

class CallCounter {
  readonly #families: ReturnType<typeof familiesOf>;
  readonly #options: LiteLlmMetricsOptions;
  readonly #calls = new Ready<CallSeries>();
  readonly #times = new Ready<TimeSeries>();
  readonly #deployments = new Ready<DeploymentSeries>();

  constructor(families: ReturnType<typeof familiesOf>, options: LiteLlmMetricsOptions) {
    this.#families = families;
    this.#options = options;
  }

  count(record: CallSettled): void {
    const whose = whoseLabels(record, this.#options.endUsers());
    const last = record.attempts.at(-1);
    const request = [...whose, record.model, record.endpoint, NONE, NONE];
    const status = String(record.httpStatus);
    this.#families.requests.add(1, ...request, status);
    if (record.outcome === 'failure') this.#families.failed.add(1, ...request, status, exceptionClass(last?.provider ?? null, record.errorClass));
    this.#countMoney(record, whose, last);
    if (!this.#options.isOn()) return;
    this.#countTimes(record, whose, last);
    for (const attempt of record.attempts) this.#countAttempt(record, attempt);
  }

  #countMoney({ cost, usage, model }: CallSettled, whose: readonly string[], last: AttemptRecord | undefined): void {
    const labels = [...whose, last?.upstreamModel ?? model, model];
    const { spend, total, input, output, cached } = this.#families;
    const series = this.#calls.of(labels.join('\n'), () => ({
      spend: spend.series(...labels),
      total: total.series(...labels),
      input: input.series(...labels),
      output: output.series(...labels),
      cached: cached.series(...labels),
    }));
    if (cost !== null) series.spend.add(Number(cost));
    if (usage === null) return;
    series.total.add(usage.total);
    series.input.add(usage.input + (usage.cachedInput ?? 0) + (usage.cacheCreationInput ?? 0));
    series.output.add(usage.output);
    if (usage.cachedInput) series.cached.add(usage.cachedInput);
  }

  #countTimes(record: CallSettled, whose: readonly string[], last: AttemptRecord | undefined): void {
    const labels = [...whose, last?.upstreamModel ?? NONE, record.model, last?.deploymentId ?? NONE];
    const { whole, api, firstToken, overhead } = this.#families;
    const series = this.#times.of(labels.join('\n'), () => ({
      whole: whole.series(...labels),
      api: api.series(...labels),
      firstToken: firstToken.series(...labels),
      overhead: overhead.series(...labels),
    }));
    const wholeSeconds = (record.endedAtUs - record.startedAtUs) / 1e6;
    let upstreamSeconds = 0;
    for (const attempt of record.attempts) upstreamSeconds += (attempt.endedAtUs - attempt.startedAtUs) / 1e6;
    series.whole.observe(wholeSeconds);
    series.overhead.observe(Math.max(0, wholeSeconds - upstreamSeconds));
    if (last === undefined || record.outcome !== 'success') return;
    series.api.observe((last.endedAtUs - last.startedAtUs) / 1e6);
    if (record.stream && record.firstTokenAtUs !== null) series.firstToken.observe((record.firstTokenAtUs - last.startedAtUs) / 1e6);
  }

  #countAttempt({ path, model }: CallSettled, attempt: AttemptRecord): void {
    const labels = [
      model,
      attempt.upstreamModel,
      attempt.deploymentId,
      attempt.apiBase ?? NONE,
      attempt.provider,
      path.keyId,
      path.keyAlias ?? NONE,
      path.teamId ?? NONE,
      path.teamAlias ?? NONE,
    ];
    const { tries, successes, perToken, failures } = this.#families;
    const series = this.#deployments.of(labels.join('\n'), () => ({
      tries: tries.series(...labels),
      successes: successes.series(...labels),
      perToken: perToken.series(...labels),
    }));
    series.tries.add(1);
    if (attempt.outcome === 'failure') failures.add(1, ...labels, String(attempt.httpStatus ?? NONE), exceptionClass(attempt.provider, attempt.errorClass));
    if (attempt.outcome !== 'success') return;
    series.successes.add(1);
    const tokens = attempt.usage?.output ?? 0;
    if (tokens > 0) series.perToken.observe((attempt.endedAtUs - attempt.startedAtUs) / 1e6 / tokens);
  }
}

function familiesOf(metrics: Metrics) {
  const counter = (name: string, help: string, labels: readonly string[]) => metrics.counter({ name, help, labels });
  const seconds = (name: string, help: string, labels = LATENCY) => metrics.histogram({ name, help, labels, buckets: LATENCY_BUCKETS });
  return {
    spend: counter('litellm_spend_metric_total', 'Total spend on LLM requests, in dollars; calls of unknown price add nothing.', SPEND),
    total: counter('litellm_total_tokens_metric_total', 'Total number of input and output tokens.', SPEND),
    input: counter('litellm_input_tokens_metric_total', 'Total number of input tokens.', SPEND),
    output: counter('litellm_output_tokens_metric_total', 'Total number of output tokens.', SPEND),
    cached: counter('litellm_cached_tokens_metric_total', 'Input tokens that a provider had cached.', SPEND),
    requests: counter('litellm_proxy_total_requests_metric_total', 'Total number of requests.', [...REQUEST, 'status_code']),
    failed: counter('litellm_proxy_failed_requests_metric_total', 'Total number of failed requests.', [...REQUEST, 'exception_status', 'exception_class']),
    whole: seconds('litellm_request_total_latency_metric', 'Seconds from the first header to the settlement.'),
    api: seconds('litellm_llm_api_latency_metric', 'Seconds of the try that answered.'),
    firstToken: seconds('litellm_llm_api_time_to_first_token_metric', 'Seconds to the first chunk of a stream.'),
    overhead: seconds('litellm_overhead_latency_metric', 'Seconds of a call in which no provider was waited for.'),
    tries: counter('litellm_deployment_total_requests_total', 'Tries at a deployment.', DEPLOYMENT),
    successes: counter('litellm_deployment_success_responses_total', 'Tries that a deployment answered.', DEPLOYMENT),
    failures: counter('litellm_deployment_failure_responses_total', 'Tries that failed.', [...DEPLOYMENT, 'exception_status', 'exception_class']),
    perToken: seconds('litellm_deployment_latency_per_output_token', 'Seconds of a try for each token of its answer.', DEPLOYMENT),
  };
}

function whoseLabels({ path, endUser }: CallSettled, endUsers: boolean): string[] {
  return [path.keyId, path.keyAlias ?? NONE, path.teamId ?? NONE, path.teamAlias ?? NONE, path.keyUserId ?? NONE, NONE, (endUsers ? endUser : null) ?? NONE];
}

/** `Openai.RateLimitError`: the provider's name before the class. */
function exceptionClass(provider: string | null, errorClass: string | null): string {
  if (errorClass === null) return NONE;
  return provider === null ? errorClass : `${provider.charAt(0).toUpperCase()}${provider.slice(1)}.${errorClass}`;
}

/** Series that are looked up often, by a key; bounded. An alias that changes goes on under its old label until it leaves. */
class Ready<Series> {
  readonly #series = new Map<string, Series>();

  of(key: string, open: () => Series): Series {
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_READY) this.#series.clear();
    const series = open();
    this.#series.set(key, series);
    return series;
  }
}
