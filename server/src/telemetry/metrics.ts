// The process's metrics: counters, gauges and histograms with bounded labels, written in Prometheus' text format.

/** Series kept for one metric; later label combinations are counted together under the label value "other". */
const MAX_SERIES = 1_000;
const MAX_LABEL_LENGTH = 100;

export interface Counter {
  /** Adds `amount` (>= 0) to the series of these label values, in the order of the metric's label names. */
  add(amount: number, ...labels: readonly string[]): void;
  /** The series of these label values, for callers that add to it often. */
  series(...labels: readonly string[]): CounterSeries;
}

export interface CounterSeries {
  add(amount: number): void;
}

export interface Gauge {
  set(value: number, ...labels: readonly string[]): void;
}

export interface Histogram {
  observe(value: number, ...labels: readonly string[]): void;
  /** The series of these label values, for callers that observe often. */
  series(...labels: readonly string[]): HistogramSeries;
}

export interface HistogramSeries {
  observe(value: number): void;
}

/** What a metric is called and by what it is split. Names and labels follow Prometheus: [a-zA-Z_][a-zA-Z0-9_]*, units as suffix. */
export interface MetricOptions {
  name: string;
  help: string;
  labels?: readonly string[];
}

export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  /** `buckets` are upper bounds in ascending order; +Inf is added. */
  histogram(options: MetricOptions & { buckets: readonly number[] }): Histogram;
  /** Runs before each exposition: the place to read values that are only looked at (queue lengths, memory). */
  onCollect(read: () => void): void;
  /** The same for what takes a moment to find out (stores, disk): runs in `refresh`. Must not reject. */
  onRefresh(read: () => Promise<void>): void;
  /** Brings the values of onRefresh up to date; the exposition that follows shows them. */
  refresh(): Promise<void>;
  /** Prometheus text format 0.0.4. */
  text(): string;
}

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Family {
  readonly options: MetricOptions;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): Iterable<string>;
}

/** An empty registry. Registering a name twice is a fault of the program and throws. */
export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const collectors: (() => void)[] = [];
  const refreshers: (() => Promise<void>)[] = [];

  function register<Item extends Family>(family: Item): Item {
    const { name, labels = [] } = family.options;
    for (const word of [name, ...labels]) if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(word)) throw new RangeError(`not a metric or label name: ${word}`);
    if (families.has(name)) throw new RangeError(`metric ${name} is registered twice`);
    families.set(name, family);
    return family;
  }

  return {
    counter: (options) => register(new Plain('counter', options)),
    gauge: (options) => register(new Plain('gauge', options)),
    histogram: (options) => register(new Buckets(options, options.buckets)),
    onCollect: (read) => void collectors.push(read),
    onRefresh: (read) => void refreshers.push(read),
    async refresh() {
      await Promise.all(refreshers.map((read) => read()));
    },
    text() {
      for (const collect of collectors) collect();
      const lines: string[] = [];
      for (const { options, type, lines: linesOf } of families.values()) {
        lines.push(`# HELP ${options.name} ${escapeHelp(options.help)}`, `# TYPE ${options.name} ${type}`);
        lines.push(...linesOf());
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

/** The series of one metric by their label values; bounded. */
class SeriesMap<Value> {
  readonly #series = new Map<string, { labels: string; value: Value }>();
  readonly #options: MetricOptions;
  readonly #create: () => Value;

  constructor(options: MetricOptions, create: () => Value) {
    this.#options = options;
    this.#create = create;
  }

  at(labels: readonly string[]): { value: Value } {
    const key = labels.length === 1 ? (labels[0] as string) : labels.join('\u0000');
    return this.#series.get(key) ?? this.#open(key, labels);
  }

  *entries(): Iterable<{ labels: string; value: Value }> {
    yield* this.#series.values();
  }

  #open(key: string, labels: readonly string[]): { value: Value } {
    const names = this.#options.labels ?? [];
    if (labels.length !== names.length) throw new RangeError(`metric ${this.#options.name} has ${names.length} labels, not ${labels.length}`);
    if (this.#series.size >= MAX_SERIES && key !== overflowKey(names)) return this.at(names.map(() => OVERFLOW));
    const entry = { labels: names.map((name, index) => `${name}="${escapeLabel(labels[index] as string)}"`).join(','), value: this.#create() };
    this.#series.set(key, entry);
    return entry;
  }
}

const OVERFLOW = 'other';
const overflowKey = (names: readonly string[]): string => names.map(() => OVERFLOW).join('\u0000');

class Plain implements Family, Counter, Gauge {
  readonly type: 'counter' | 'gauge';
  readonly options: MetricOptions;
  readonly #series: SeriesMap<number>;

  constructor(type: 'counter' | 'gauge', options: MetricOptions) {
    this.type = type;
    this.options = options;
    this.#series = new SeriesMap(options, () => 0);
    // A counter without labels exists from the start, so that its first increase is seen as one.
    if (!options.labels?.length) this.#series.at([]);
  }

  readonly add = (amount: number, ...labels: readonly string[]): void => {
    if (amount >= 0) this.#series.at(labels).value += amount;
  };

  readonly series = (...labels: readonly string[]): CounterSeries => {
    const entry = this.#series.at(labels);
    return {
      add(amount) {
        if (amount >= 0) entry.value += amount;
      },
    };
  };

  readonly set = (value: number, ...labels: readonly string[]): void => {
    this.#series.at(labels).value = value;
  };

  readonly lines = (): string[] => [...this.#series.entries()].map(({ labels, value }) => sample(this.options.name, labels, value));
}

class Buckets implements Family, Histogram {
  readonly type = 'histogram';
  readonly options: MetricOptions;
  readonly #bounds: readonly number[];
  readonly #series: SeriesMap<{ counts: number[]; sum: number; count: number }>;

  constructor(options: MetricOptions, bounds: readonly number[]) {
    this.options = options;
    this.#bounds = bounds;
    this.#series = new SeriesMap(options, () => ({ counts: new Array<number>(bounds.length).fill(0), sum: 0, count: 0 }));
  }

  readonly observe = (value: number, ...labels: readonly string[]): void => this.#add(this.#series.at(labels).value, value);

  readonly series = (...labels: readonly string[]): HistogramSeries => {
    const { value: entry } = this.#series.at(labels);
    return { observe: (value) => this.#add(entry, value) };
  };

  #add(entry: { counts: number[]; sum: number; count: number }, value: number): void {
    if (!Number.isFinite(value)) return;
    entry.sum += value;
    entry.count += 1;
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) entry.counts[index] = (entry.counts[index] as number) + 1;
  }

  readonly lines = (): string[] => {
    const lines: string[] = [];
    const { name } = this.options;
    for (const { labels, value } of this.#series.entries()) {
      const prefix = labels === '' ? '' : `${labels},`;
      let cumulative = 0;
      for (const [index, bound] of this.#bounds.entries()) {
        cumulative += value.counts[index] as number;
        lines.push(sample(`${name}_bucket`, `${prefix}le="${bound}"`, cumulative));
      }
      lines.push(
        sample(`${name}_bucket`, `${prefix}le="+Inf"`, value.count),
        sample(`${name}_sum`, labels, value.sum),
        sample(`${name}_count`, labels, value.count),
      );
    }
    return lines;
  };
}

const sample = (name: string, labels: string, value: number): string => `${name}${labels === '' ? '' : `{${labels}}`} ${number(value)}`;
const number = (value: number): string => (value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value));
const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string =>
  text.slice(0, MAX_LABEL_LENGTH).toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
