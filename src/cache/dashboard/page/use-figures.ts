import { useEffect, useState } from 'preact/hooks';
import type { FiguresEvent, Point, SessionReply } from '../messages.js';
import { ask, listenForFigures } from './server.js';

/** How the page stands with the server. */
export type Connection =
  | { readonly state: 'asking' | 'live' | 'paused' }
  | { readonly state: 'trouble' | 'refused'; readonly message: string };

export interface Figures {
  readonly connection: Connection;
  readonly points: readonly Point[];
  /** Undefined until the first have come. */
  readonly figures: FiguresEvent | undefined;
}

const KEPT_MS = 60 * 60_000;

/** Figures as they come: none while it is paused, or the page is out of sight. `attempt` is another one after each sign-in. */
export function useFigures(isPaused: boolean, attempt: number): Figures {
  const [connection, setConnection] = useState<Connection>({ state: 'asking' });
  const [points, setPoints] = useState<readonly Point[]>([]);
  const [figures, setFigures] = useState<FiguresEvent>();
  const isVisible = useVisibility();

  useEffect(() => {
    if (isPaused) setConnection({ state: 'paused' });
    if (isPaused || !isVisible) return undefined;
    let stop: (() => void) | undefined;
    let isOver = false;
    const refuse = (message: string): void => {
      setFigures(undefined);
      setConnection({ state: 'refused', message });
    };
    const begin = (): void => {
      setConnection({ state: 'asking' });
      stop = listenForFigures({
        onPast: ({ points: past }) => setPoints(past),
        onFigures: (next) => {
          setConnection({ state: 'live' });
          setFigures(next);
          setPoints((all) => [
            ...all.filter(({ atMs }) => next.point.atMs - atMs < KEPT_MS && atMs < next.point.atMs),
            next.point,
          ]);
        },
        onTrouble: (message) => setConnection({ state: 'trouble', message }),
        onRefused: refuse,
      });
    };
    ask<SessionReply>('session').then(
      ({ access, message }) => {
        if (isOver) return;
        if (access === 'allowed') begin();
        else refuse(message);
      },
      // The server is away: what has figures sent also tries again.
      () => (isOver ? undefined : begin()),
    );
    return () => {
      isOver = true;
      stop?.();
    };
  }, [isPaused, isVisible, attempt]);

  return { connection, points, figures };
}

function useVisibility(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = (): void => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return isVisible;
}
