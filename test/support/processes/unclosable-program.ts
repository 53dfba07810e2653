// A program that stops on signals, and cannot close what it holds. It prints what it logs.
import { closeAll } from '../../../src/start/close-all.js';
import { stopOnSignals } from '../../../src/start/stop-on-signals.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const log = {
  info: (_details: object, message: string) => print(`info ${message}`),
  error: (_details: object, message: string) => print(`error ${message}`),
};
const close = (): Promise<void> =>
  closeAll([
    { what: 'the database', close: () => Promise.reject(new Error('it is gone')) },
    { what: 'the cache', close: () => Promise.reject(new Error('it holds writes')) },
  ]);

stopOnSignals(Promise.resolve({ close }), log);
setInterval(() => undefined, 1000);
print('ready');
