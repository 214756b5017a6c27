// What an environment costs: parts with unit prices and their sources, a day, a month and the ways of using it.
import type { Environment } from '#environment.ts';
import { nodesNeeded } from './nodes.ts';

/** What a price is for. `share` is a part of another price (EKS Auto Mode's fee). */
export type PriceUnit = 'hour' | 'GB' | 'GB-month' | 'month' | 'million requests' | 'ACU-hour' | 'LCU-hour' | 'share';

/** A price with where and when it was read. `usd: null` is a price that nobody here knows: it is shown, and makes a total "≥". */
export interface Price {
  readonly key: string;
  readonly what: string;
  readonly unit: PriceUnit;
  readonly usd: number | null;
  readonly source: string | null;
  /** The day of the source, `YYYY-MM-DD`; null when the source does not say. */
  readonly date: string | null;
}

/** The dated price table of one region, with the exchange rate. */
export interface Rates {
  readonly region: string;
  readonly prices: readonly Price[];
  readonly yenPerUsd: { readonly rate: number; readonly date: string; readonly source: string };
}

/** An amount; `atLeast` when a part of it is unknown. */
export interface Amount {
  readonly usd: number;
  readonly yen: number;
  readonly atLeast: boolean;
}

/** One line of the bill: `quantity` of the price's unit, all the time. */
export interface BillPart {
  readonly name: string;
  readonly quantity: number;
  readonly price: Price;
  readonly day: Amount;
  readonly month: Amount;
  /** What the line assumes, when it depends on use. */
  readonly note?: string;
}

/** The bill of one form of the platform. */
export interface Bill {
  readonly title: string;
  readonly parts: readonly BillPart[];
  /** What depends on use and is not in the totals (traffic, requests), with its unit price. */
  readonly byUse: readonly Price[];
  readonly hour: Amount;
  readonly day: Amount;
  readonly month: Amount;
  /** A month in which it is destroyed every evening: 20 weekdays of `hoursADay`. */
  readonly eveningDestroyed: { readonly days: 20; readonly hoursADay: number; readonly month: Amount };
  /** Friday evening to Monday morning, forgotten. */
  readonly weekend: { readonly hours: number; readonly total: Amount };
  readonly yenPerUsd: Rates['yenPerUsd'];
}

/** AWS's own month. */
export const HOURS_A_MONTH = 730;
/** From nine in the morning to eight in the evening. */
const HOURS_A_WORKDAY = 11;
/** Friday 20:00 to Monday 09:00. */
const HOURS_A_WEEKEND = 61;

const BY_USE = ['nat-gateway-data', 'load-balancer-capacity', 'aurora-storage', 'aurora-io', 's3-storage', 's3-write', 's3-read', 'data-out'] as const;

interface Line {
  readonly name: string;
  readonly quantity: number;
  readonly key: string;
  readonly note?: string;
  /** For `share`: the key of the price that it is a part of. */
  readonly of?: string;
}

/** The price of a key; an unknown one is a row without a price, so that the reader sees what is missing. */
function priceOf(rates: Rates, key: string): Price {
  return rates.prices.find((price) => price.key === key) ?? { key, what: key, unit: 'hour', usd: null, source: null, date: null };
}

const amount = (usd: number, rates: Rates, atLeast: boolean): Amount => ({ usd, yen: usd * rates.yenPerUsd.rate, atLeast });

/** The hourly price of one unit, in dollars; null when it is unknown. */
function hourlyUsd(rates: Rates, line: Line): number | null {
  const price = priceOf(rates, line.key);
  if (price.usd === null) return null;
  if (price.unit === 'share') {
    const whole = priceOf(rates, line.of ?? '').usd;
    return whole === null ? null : price.usd * whole;
  }
  return price.unit === 'GB-month' || price.unit === 'month' ? price.usd / HOURS_A_MONTH : price.usd;
}

/** The row of the table; for a share, what the share comes to. */
function shownPrice(rates: Rates, line: Line, unit: number | null): Price {
  const price = priceOf(rates, line.key);
  return price.unit === 'share' ? { ...price, unit: 'hour', usd: unit } : price;
}

interface Form {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Something of it is known to be left out. */
  readonly incomplete?: boolean;
}

function total(rates: Rates, { title, lines, incomplete }: Form): Bill {
  let hour = 0;
  let atLeast = incomplete === true;
  const parts: BillPart[] = [];
  for (const line of lines.filter(({ quantity }) => quantity > 0)) {
    const unit = hourlyUsd(rates, line);
    const usd = (unit ?? 0) * line.quantity;
    hour += usd;
    atLeast ||= unit === null;
    parts.push({
      name: line.name,
      quantity: line.quantity,
      price: shownPrice(rates, line, unit),
      day: amount(usd * 24, rates, unit === null),
      month: amount(usd * HOURS_A_MONTH, rates, unit === null),
      ...(line.note === undefined ? {} : { note: line.note }),
    });
  }
  const during = (hours: number) => amount(hour * hours, rates, atLeast);
  return {
    title,
    parts,
    byUse: BY_USE.map((key) => priceOf(rates, key)),
    hour: during(1),
    day: during(24),
    month: during(HOURS_A_MONTH),
    eveningDestroyed: { days: 20, hoursADay: HOURS_A_WORKDAY, month: during(20 * HOURS_A_WORKDAY) },
    weekend: { hours: HOURS_A_WEEKEND, total: during(HOURS_A_WEEKEND) },
    yenPerUsd: rates.yenPerUsd,
  };
}

const EPHEMERAL_GIB = 40;
const SECRETS = 3;
/** Langfuse's and LiteLLM's connection pools ask the database all the time: it never pauses while they run. */
const POLLED_ACU = 0.5;

interface FormSizes {
  readonly nodes: number;
  readonly instanceType: string;
  readonly natGateways: number;
  readonly loadBalancers: number;
  readonly acu: number;
  readonly cacheNodeType: string;
  readonly volumeGib: number;
  readonly secrets: number;
}

const linesOf = (sizes: FormSizes): readonly Line[] => [
  { name: 'EKS control plane', quantity: 1, key: 'eks-cluster' },
  {
    name: `Nodes (${sizes.instanceType})`,
    quantity: sizes.nodes,
    key: `node:${sizes.instanceType}`,
    note: 'counted from what the pods ask for, at the on-demand price; spot, which stateless pods take where there is any, is cheaper',
  },
  { name: 'EKS Auto Mode', quantity: sizes.nodes, key: 'auto-mode-share', of: `node:${sizes.instanceType}` },
  { name: 'Disks of the nodes', quantity: sizes.nodes * EPHEMERAL_GIB, key: 'ebs-gp3' },
  { name: 'Volumes of pods', quantity: sizes.volumeGib, key: 'ebs-gp3' },
  { name: 'NAT gateways', quantity: sizes.natGateways, key: 'nat-gateway' },
  { name: 'Load balancers', quantity: sizes.loadBalancers, key: 'load-balancer' },
  { name: 'Public IPv4 addresses', quantity: sizes.natGateways + 2 * sizes.loadBalancers, key: 'public-ipv4', note: 'one a NAT gateway, two a load balancer' },
  { name: 'Aurora PostgreSQL', quantity: sizes.acu, key: 'aurora-acu', note: 'the least it takes while connection pools keep it awake; it grows with load' },
  { name: 'Valkey', quantity: 1, key: `cache:${sizes.cacheNodeType}` },
  { name: 'Secrets', quantity: sizes.secrets, key: 'secret' },
];

/** The bill of an environment at given rates; needs no synth. */
export function billOf(environment: Environment, rates: Rates): Bill {
  const { sizes } = environment;
  return total(rates, {
    title: `${environment.name}: ${environment.gateway} + ${environment.observe}`,
    lines: linesOf({
      nodes: nodesNeeded(environment),
      instanceType: sizes.nodeInstanceType,
      natGateways: sizes.natGateways,
      loadBalancers: 1,
      acu: Math.max(POLLED_ACU, sizes.databaseMinAcu),
      cacheNodeType: sizes.cacheNodeType,
      volumeGib: sizes.clickhouseVolumeGib,
      secrets: SECRETS,
    }),
  });
}

/**
 * The bill of the seed's own form: 2 NAT gateways, 2 load balancers, its pods on as many nodes as ours.
 * Its ClickHouse and ZooKeeper pods ask for more than ours do, and how much stands in a Helm chart's defaults: therefore "at least".
 */
export function seedBill(rates: Rates): Bill {
  return total(rates, {
    title: "the seed's own form (Terraform, Helm)",
    incomplete: true,
    lines: linesOf({
      nodes: 2,
      instanceType: 'm6g.large',
      natGateways: 2,
      loadBalancers: 2,
      acu: POLLED_ACU,
      cacheNodeType: 'cache.t4g.micro',
      volumeGib: 48,
      secrets: 0,
    }),
  });
}
