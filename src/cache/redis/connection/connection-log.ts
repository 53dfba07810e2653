import type { CacheLog } from '../../log.js';
import type { Purpose } from './purpose.js';
import { quotable } from './refusal.js';

/** What an operator is told of a connection: that the server went away or is back, once each, and what a person has to fix. */
export class ConnectionLog {
  readonly #log: CacheLog;
  readonly #says: Purpose['says'];
  readonly #server: { readonly server: string; readonly where: string };
  /** The sentence that was told last, while it holds. */
  #complaint: string | undefined;

  constructor(log: CacheLog, { name, says }: Purpose, where: string) {
    this.#log = log;
    this.#says = says;
    this.#server = { server: name, where };
  }

  away(reason: unknown): void {
    this.#complaint = undefined;
    this.#log.warn({ ...this.#server, reason: wordsOf(reason) }, this.#says.away);
  }

  back(reason: unknown, details: Readonly<Record<string, unknown>> = {}): void {
    this.#log.warn({ ...this.#server, reason: wordsOf(reason), ...details }, this.#says.usable);
  }

  /** It refuses us, or is weak: told once, and again when there is something else to fix. It will not be fit by itself. */
  unfit(refusal: Error, consequence: 'away' | 'weak'): void {
    if (refusal.message === this.#complaint) return;
    this.#complaint = refusal.message;
    this.#log.error({ ...this.#server, consequence: this.#says[consequence] }, refusal.message);
  }

  /** There is nothing to fix. */
  fit(): void {
    this.#complaint = undefined;
  }
}

function wordsOf(reason: unknown): string {
  return quotable(reason instanceof Error ? reason.message : String(reason));
}
