import type { Redis } from 'ioredis';
import type { Purpose } from '../connection/purpose.js';
import { ServerConnection } from '../connection/server-connection.js';
import type { Actual, Declared } from './durability.js';
import type { JournalPlace, PlaceOptions } from './journal-place.js';
import { CONNECT_TIMEOUT_MS, JOURNAL_PURPOSE } from './journal-purpose.js';
import { KnownServer } from './known-server.js';

export interface JournalServerOptions extends Declared {
  /** Milliseconds of turning event loop after which a command without an answer has failed. */
  readonly commandTimeoutMs: number;
  /** Uses every command of the journal. @throws Error what the server refused. */
  readonly tryOut: (redis: Redis, actual: Actual) => Promise<void>;
}

const PURPOSE: Omit<Purpose, 'hasSlowLane'> = {
  ...JOURNAL_PURPOSE,
  says: {
    away: 'the journal cannot be used; writes go straight to the database until it can',
    weak: 'the journal is given nothing new; writes go straight to the database',
    usable: 'the journal can be used again',
  },
  refusal: (words) => new Error(`the journal ${words}`),
};

/**
 * A journal on one server. One that keeps less than what is declared is given nothing new; what it has is read and flushed.
 */
export function journalOnServer(redis: Redis, options: JournalServerOptions): JournalPlace {
  const { commandTimeoutMs, replicas, tryOut } = options;
  const known = new KnownServer();
  /** Of the server that was found last. */
  let history: string | undefined;
  // A write that waits for replicas holds up what comes after it on its connection.
  const connection = new ServerConnection(
    redis,
    { commandTimeoutMs, connectTimeoutMs: CONNECT_TIMEOUT_MS },
    { ...PURPOSE, hasSlowLane: replicas > 0 },
  );
  return {
    open: ({ log, onDoubt }: PlaceOptions) =>
      connection.open({
        log,
        inspect: async (ask, server) => {
          const weakness = await known.inspect(ask, server, options);
          const before = history;
          history = server.history;
          // Another run, or one that was a replica in between.
          if (before !== undefined && before !== history) onDoubt('moved', 0);
          return weakness;
        },
        tryOut: async (client) => {
          if (known.actual !== undefined) await tryOut(client, known.actual);
        },
        onAway: () => onDoubt('away', 0),
      }),
    isAway: () => connection.state === 'away',
    mayAccept: () => connection.state === 'usable',
    usOf: () => known.us,
    latestUs: () => known.latestUs,
    runOf: () => known.run,
    hasWaitAof: () => known.hasWaitAof,
    ask: (_shard, commands) => connection.run(commands),
    askConfirmed: (_shard, commands) => connection.runSlowly(commands),
    lookAgain: () => connection.check(),
    close: () => connection.close(),
  };
}
