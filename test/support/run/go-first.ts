import { setPriority } from 'node:os';

const BEFORE_TESTS = -10;

/**
 * Lets a server have a processor before the tests that ask it: where more runs than the machine has processors, it
 * would else answer later than its clients wait.
 */
export function goFirst(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, BEFORE_TESTS);
  } catch {
    // Only an administrator may do this; for others it stays as it is.
  }
}
