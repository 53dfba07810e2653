import type { Api } from './api.js';
import type { ApiLog } from './context.js';

const STOP_WITHIN_MS = 10_000;

/** SIGINT and SIGTERM end the process: with 0 once everything is closed, with 1 when that takes too long or fails. */
export function stopOnSignals(api: Api, log: ApiLog): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // Whoever asks twice does not want to wait.
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'Stopping: requests under way are answered first.');
    const bound = setTimeout(() => {
      log.error({}, `Stopped after ${STOP_WITHIN_MS / 1000} s, with requests still under way.`);
      process.exit(1);
    }, STOP_WITHIN_MS);
    bound.unref();
    api.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, 'Stopped, but not everything could be closed.');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
