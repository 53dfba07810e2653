import { useState } from 'preact/hooks';
import { change } from './server.js';

/** What became of a change, as a sentence. */
export interface Told {
  readonly isDone: boolean;
  readonly message: string;
}

export interface Changes {
  readonly isBusy: boolean;
  readonly told: Told | undefined;
  readonly ask: <Reply>(path: string, body: object, tell: (reply: Reply) => Told) => Promise<void>;
}

/** Asks the server for changes, one at a time, and keeps what it said last. */
export function useChange(): Changes {
  const [isBusy, setBusy] = useState(false);
  const [told, setTold] = useState<Told>();
  return {
    isBusy,
    told,
    ask: async (path, body, tell) => {
      setBusy(true);
      try {
        setTold(tell(await change(path, body)));
      } catch (error) {
        setTold({ isDone: false, message: error instanceof Error ? error.message : String(error) });
      } finally {
        setBusy(false);
      }
    },
  };
}
