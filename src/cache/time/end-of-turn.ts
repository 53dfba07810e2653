// By this name, as test tools put other timers in place of the global ones.
import { setImmediate as atEndOfTurn } from 'node:timers';

/** A turn of the event loop: the same until every socket that had something to read in it has been read. */
export type Turn = Promise<void>;

let turn: Turn | undefined;

/** Resolves once every socket that had something to read in this turn of the event loop has been read. */
export function endOfTurn(): Turn {
  turn ??= new Promise((resolve) => {
    atEndOfTurn(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

/**
 * Has requests that wait for nothing wait until the sockets of their turn have been read, and go on in one go. Otherwise each would be
 * answered between two reads of sockets; its client, where it is on the same machine, is woken for each of them alone, which
 * takes more of the processor than the answer. What waits for a store is answered with all that wait for the same reply anyway, and
 * would only be later: a request is taken for what the one before it was.
 */
export class Turns {
  #isPrompt = false;

  /** Waited for before a request is begun with; undefined where it is not to wait. */
  wait(): Turn | undefined {
    return this.#isPrompt ? endOfTurn() : undefined;
  }

  /** The turn in which a request is begun with. */
  begin(): Turn {
    return endOfTurn();
  }

  /** Told once its answer is there. */
  end(begun: Turn): void {
    this.#isPrompt = begun === turn;
  }
}
