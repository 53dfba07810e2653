/**
 * What the message of a time that was missed begins with. `../../../vitest.config.ts` has such a test measured again, as other
 * work of a shared machine may have taken that time; all other failures are told at once.
 */
export const MISSED_TIME = 'A time was missed';
