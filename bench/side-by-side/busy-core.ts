import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Closer } from '../../src/start/close-all.js';

/** Takes a core, as another program on the machine would, until it is closed. It ends with this process. */
export function takeCore(signal: AbortSignal): Closer {
  const child = fork(fileURLToPath(new URL('spin.js', import.meta.url)), { signal, killSignal: 'SIGKILL' });
  // An aborted signal is told here; it shows as the end of the child.
  child.on('error', () => undefined);
  return {
    what: 'the program that takes a core',
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
