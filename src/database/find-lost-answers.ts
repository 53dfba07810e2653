import type pg from 'pg';
import type { ClientWatch, Unanswered } from './watch-clients.js';

export interface FindOptions {
  /** What watches the connections that are in question. */
  readonly watch: Pick<ClientWatch, 'unanswered'>;
  /** Other connections to the same server. */
  readonly upkeep: pg.Pool;
  /** Milliseconds between two questions; default 1,000. */
  readonly everyMs?: number;
  /** A statement that is answered within so many milliseconds is not asked about; default 1,000. */
  readonly lateMs?: number;
}

// A server that does not track what its processes do calls them all disabled: that says nothing.
const askSql = `
  SELECT pid FROM pg_stat_activity
  WHERE pid = ANY($1::int[]) AND state LIKE 'idle%' AND application_name = 'corral' AND datname = current_database()`;

/**
 * Asks the server, on another connection, about statements that are late. Where its process waits for us, twice in a row, the
 * statement or its answer was lost on the way: it is given up then and not at its limit. One that is at work is left alone,
 * and so is one that the server does not know by our number, as behind a pooler. Returns how to stop.
 */
export function findLostAnswers({ watch, upkeep, everyMs = 1000, lateMs = 1000 }: FindOptions): () => void {
  let suspects: ReadonlySet<Unanswered> = new Set();
  let isAsking = false;

  const ask = async (late: readonly Unanswered[]): Promise<void> => {
    const { rows } = await upkeep.query<{ pid: number }>(askSql, [late.map(({ processId }) => processId)]);
    const waiting = new Set(rows.map(({ pid }) => pid));
    const still = new Set(watch.unanswered);
    const lost = late.filter((one) => one.processId !== null && waiting.has(one.processId) && still.has(one));
    for (const one of lost) if (suspects.has(one)) one.giveUp();
    suspects = new Set(lost);
  };

  const timer = setInterval(() => {
    const late = [...watch.unanswered].filter(({ sentAtMs }) => performance.now() - sentAtMs > lateMs);
    if (late.length === 0 || isAsking) return;
    isAsking = true;
    ask(late)
      // There is no answer there either: then the limits end what is late.
      .catch(() => undefined)
      .finally(() => (isAsking = false));
  }, everyMs).unref();
  return () => clearInterval(timer);
}
