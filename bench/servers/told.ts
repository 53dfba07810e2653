import { collectGarbage } from './collect-garbage.js';
import { beginProfile, endProfile } from './cpu-profile.js';
import type { Started } from './measured.js';

/** What a server tells the bench when it is asked: milliseconds of CPU since the start, and loads. */
export interface Usage {
  readonly cpuMs: number;
  readonly loads: number;
}

/** What is in use in the memory of a server, after a collection. */
export interface HeapUse {
  readonly heapBytes: number;
  /** Beside the heap: buffers. */
  readonly externalBytes: number;
}

/** Says where a server listens, and answers the messages of the bench: usage, heap, profile, the name of a file, stop. */
export function tellOf(server: Started): void {
  const tell = (message: object): void => void process.send?.(message);
  process.on('message', (message) => {
    if (message === 'stop') {
      void server.close().finally(() => process.exit(0));
    } else if (message === 'usage') {
      const { user, system } = process.cpuUsage();
      tell({ cpuMs: (user + system) / 1000, loads: server.loads() } satisfies Usage);
    } else if (message === 'heap') {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      tell({ heapBytes: heapUsed, externalBytes: external } satisfies HeapUse);
    } else {
      // 'profile' begins one; any other text is the file that it is written to.
      void (message === 'profile' ? beginProfile() : endProfile(String(message))).then(() => tell({}));
    }
  });
  process.on('disconnect', () => process.exit(1));
  tell({ url: server.url });
}
