import type { Rules } from '../rules.js';

/** A variant of the protocol and what the model says of it. */
export interface Variant {
  readonly name: string;
  /** One sentence for the page in the docs. */
  readonly says: string;
  readonly rules: Rules;
  /** Of a safe one: so many states at least, so that nobody takes a world in which nothing happens for a proof. */
  readonly atLeast?: number;
  /** Of a broken one: the safe variants from which it differs in one rule. */
  readonly breaks?: readonly string[];
}
