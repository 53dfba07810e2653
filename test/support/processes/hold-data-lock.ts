import { lockDataDirectory } from '../../../src/database/lock/data-lock.js';

/** A process of its own that locks the folder named by its argument, says so or why not, and waits for its end. */
const directory = process.argv[2] ?? '';
try {
  await lockDataDirectory(directory);
  process.stdout.write('locked\n');
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
// Keeps the process until it is killed.
process.stdin.resume();
