// A lane: one way from the load generator to the mock upstream.
import type { Child } from './child.ts';
import type { Target } from './load.ts';
import type { LaneName } from './options.ts';

export interface Lane {
  readonly name: LaneName;
  readonly target: Target;
  /** Null for the direct lane, which has no process of its own. */
  readonly child: Child | null;
  /** Asynchronous work goes on after the answers; its CPU is waited for and counted. */
  readonly worksOn: boolean;
}

export interface LanePlace {
  /** Port of the mock upstream. */
  readonly mockPort: number;
  /** A folder for this run's data and logs. */
  readonly folder: string;
}

/** Says one line to whoever runs the bench. */
export type Say = (line: string) => void;
