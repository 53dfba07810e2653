import type { SharedSettings } from '../../servers/versioned-films.js';
import type { Pair } from './pair.js';

/** A figure of a scenario, as the table prints it. */
export interface Column {
  readonly title: string;
  /** What the rounds come to. */
  readonly over: 'median' | 'sum';
  readonly digits: number;
}

export interface MeasuringPair {
  readonly pair: Pair;
  readonly round: number;
  readonly isQuick: boolean;
  readonly originUrl: string;
  readonly signal: AbortSignal;
}

/** Something that two processes of each contestant go through. */
export interface Scenario {
  readonly title: string;
  /** What is done, for the page. */
  readonly what: string;
  readonly settings: Pick<SharedSettings, 'loadMs' | 'ttlSeconds' | 'staleSeconds'>;
  readonly contestants: readonly string[];
  /** The contestants stand in the order of the first of them, or of the ratio where there is one. */
  readonly columns: readonly Column[];
  /** One round of one contestant: a figure for each column. */
  measure(measuring: MeasuringPair): Promise<readonly number[]>;
  /** A further column in front. */
  readonly ratio?: Ratio;
  readonly targets: readonly Target[];
}

/** The worse of two ratios to one contestant in the same round. */
export interface Ratio {
  readonly to: string;
  /** The columns of which more is better, and of which less is. */
  readonly more: number;
  readonly less: number;
}

/** What the library is to reach. */
export interface Target {
  /** The title of a column. */
  readonly column: string;
  readonly atMost: number;
  /** Added to it: the figure of this contestant. */
  readonly above?: string;
}
