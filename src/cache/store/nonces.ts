import { randomBytes } from 'node:crypto';

/**
 * Makes ids that never repeat: 96 random bits of this process, then a count. A counter alone would start again after
 * a loss and bring old entries back to life.
 */
export function createNonces(): () => string {
  const prefix = randomBytes(12).toString('base64url');
  let count = 0;
  return () => {
    count += 1;
    return prefix + count.toString(36);
  };
}
