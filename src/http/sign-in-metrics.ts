import { Counter, type Registry } from 'prom-client';
import type { Attempts } from '../accounts/attempts.js';
import type { HashingQueue } from '../accounts/hashing-queue.js';

/** The two bounds of sign-ins and sign-ups that count what they refuse. */
export interface SignInBounds {
  readonly attempts: Pick<Attempts, 'refused'>;
  readonly hashing: Pick<HashingQueue, 'refused'>;
}

/** Refused sign-ins by reason, those that have not happened as 0: the first of a kind must be seen to rise. */
export function addSignInMetrics(registry: Registry, { attempts, hashing }: SignInBounds): void {
  new Counter({
    name: 'sign_in_refusals_total',
    help: 'Sign-ins and sign-ups that were refused: too many attempts by account or address, or a queue that was too long.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      const { account, address } = attempts.refused();
      this.reset();
      this.inc({ reason: 'account' }, account);
      this.inc({ reason: 'address' }, address);
      this.inc({ reason: 'queue' }, hashing.refused());
    },
  });
}
