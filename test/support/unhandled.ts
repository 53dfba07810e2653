import { onTestFinished } from 'vitest';

export interface Unhandled {
  /** What ended a process so far, once Node has looked for it. */
  heard(): Promise<readonly string[]>;
}

/** Hears of rejections without a handler, each of which would end a process, until the test is finished. */
export function hearUnhandled(): Unhandled {
  const others = process.listeners('unhandledRejection');
  const reasons: string[] = [];
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (reason) => {
    reasons.push(reason instanceof Error ? reason.message : 'no Error');
  });
  onTestFinished(() => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of others) process.on('unhandledRejection', listener);
  });
  return {
    // Node looks for them once all promises of a turn are done.
    heard: async () => {
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return reasons;
    },
  };
}
