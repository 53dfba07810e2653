// By this name, as test tools put other timers in place of the global ones.
import { setImmediate as atEndOfTurn } from 'node:timers';

let ending: Promise<void> | undefined;

/**
 * Resolves once every socket that had something to read in this turn of the event loop has been read. What many requests wait for in
 * this way they do one after the other, with the same code warm in the processor, and their answers go out together: under load a hit
 * takes little more than half of the processor. A request that is alone loses some microseconds.
 */
export function endOfTurn(): Promise<void> {
  ending ??= new Promise((resolve) => {
    atEndOfTurn(() => {
      ending = undefined;
      resolve();
    });
  });
  return ending;
}
