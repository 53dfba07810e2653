import { createHash } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { demoAccounts } from './demo-accounts.js';
import { sinceTheStart } from './seed-clock.js';

export interface CredentialRow {
  readonly userId: number;
  readonly passwordHash: string;
  readonly updatedAt: string;
}

/**
 * Argon2id with the library's defaults. The salt comes from the e-mail so that two seeds are equal; it protects
 * nothing, as these passwords are printed in the log.
 */
export function credentialRows(): Promise<CredentialRow[]> {
  return Promise.all(
    demoAccounts.map(async ({ email, password }, index) => {
      const salt = createHash('sha256').update(email).digest().subarray(0, 16);
      return {
        userId: index + 1,
        passwordHash: await hash(password, { salt }),
        updatedAt: sinceTheStart.updatedAt,
      };
    }),
  );
}
