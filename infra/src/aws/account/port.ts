// Port: the account itself — who calls, which zones and quotas there are, and its alarm on spending.
import type { Tags } from '#aws/tags.ts';

export interface Caller {
  account: string;
  arn: string;
}

export interface Quota {
  /** What is counted, e.g. "Elastic IP addresses". */
  id: 'elastic-ip' | 'vpc' | 'load-balancer';
  /** Null when the service would not say. */
  limit: number | null;
  used: number;
}

export interface BudgetOrder {
  name: string;
  limitUsdPerMonth: number;
  /** Only spending with this tag counts. */
  tag: { key: string; value: string };
  /** Where the alarm goes at 80 % and 100 %; null = shown in the console only. */
  email: string | null;
  tags: Tags;
}

export interface AccountPort {
  region: string;
  caller(): Promise<Caller>;
  /** Availability zones that are open to this account now, sorted. */
  zones(): Promise<string[]>;
  quotas(): Promise<Quota[]>;
  /** The budget's limit in USD; null when there is no such budget. */
  findBudget(name: string): Promise<number | null>;
  /** Makes the budget, or changes its limit. */
  putBudget(order: BudgetOrder): Promise<void>;
  removeBudget(name: string): Promise<void>;
}
