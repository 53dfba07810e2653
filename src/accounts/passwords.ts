import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { preparePassword } from './prepare-password.js';

/** Hashes and checks passwords with Argon2id, each as RFC 8265 prepares it. How many at once is the queue's to decide. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /**
   * Without a hash the answer is no, and takes as long as with one: how long a sign-in takes must not tell
   * whether the account exists.
   */
  matches(password: string, passwordHash: string | undefined): Promise<boolean>;
}

/** The library's defaults are Argon2id with 19 MiB and two passes, which OWASP recommends. */
export function createPasswords(): Passwords {
  let decoy: Promise<string> | undefined;
  const decoyHash = (): Promise<string> => (decoy ??= hash(randomBytes(32)));
  return {
    hash: (password) => hash(preparePassword(password)),
    async matches(password, passwordHash) {
      // The first request makes it, for a known account too, so that its cost tells nothing either.
      const anyHash = await decoyHash();
      const isRight = await verify(passwordHash ?? anyHash, preparePassword(password));
      return passwordHash !== undefined && isRight;
    },
  };
}
