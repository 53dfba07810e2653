import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;
/** 32 bytes in base64url. */
const TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;

/** A token that cannot be guessed. It is shown once; what is kept is its hash. */
export function createToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** False for texts that were never given out, which then cost no look-up. */
export function isToken(text: string): boolean {
  return TOKEN_FORM.test(text);
}

/** A fast hash is enough: the token has 256 random bits, so there is nothing to guess. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
