import type { Api } from './api.js';
import type { ApiLog } from '../context.js';

const STOP_WITHIN_MS = 10_000;
/** npm hands on a signal that the terminal has already sent to the whole group: both are one wish. */
const ONE_WISH_MS = 1_000;

/**
 * SIGINT and SIGTERM end the process: with 0 once everything is closed, with 1 when that takes too long or fails. A start
 * that is under way comes to its end first, so that no half of the demo data is left, and has the time that it needs.
 */
export function stopOnSignals(
  starting: PromiseLike<Pick<Api, 'close'>>,
  log: Pick<ApiLog, 'info' | 'error'>,
): void {
  let stoppingSinceMs: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSinceMs !== undefined) {
      // A second signal means that the person does not want to wait.
      if (performance.now() - stoppingSinceMs > ONE_WISH_MS) process.exit(1);
      return;
    }
    stoppingSinceMs = performance.now();
    log.info({ signal }, 'Stopping: requests under way are answered first.');
    closeInTime(starting, log).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({}, `Stopped. ${error instanceof Error ? error.message : String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

async function closeInTime(
  starting: PromiseLike<Pick<Api, 'close'>>,
  log: Pick<ApiLog, 'error'>,
): Promise<void> {
  const api = await starting;
  const bound = setTimeout(() => {
    log.error({}, `Stopped after ${STOP_WITHIN_MS / 1000} s, with requests still under way.`);
    process.exit(1);
  }, STOP_WITHIN_MS);
  bound.unref();
  await api.close();
}
