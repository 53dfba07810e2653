import type { Cluster, Redis } from 'ioredis';
import { StoreAway } from '../../store/store-away.js';
import { createNonces } from '../../store/nonces.js';
import type {
  AskOptions,
  EntryAddress,
  Fill,
  FillOutcome,
  OpenOptions,
  Reading,
  Store,
} from '../../store/store.js';
import { isCluster } from '../cluster/cluster-client.js';
import { clusterStore } from '../cluster/cluster-store.js';
import { UnfitServer, type Ask } from '../connection/connection-user.js';
import { runScript, runTogether } from '../connection/lua-script.js';
import type { Purpose } from '../connection/purpose.js';
import { ServerConnection } from '../connection/server-connection.js';
import { redisNames } from '../redis-names.js';
import { countAsked, mostAsked } from './asked-in-redis.js';
import { fillOutcomeOf } from './fill-outcome.js';
import { acquire, intend } from './claims.js';
import { figureSharing, sharedFigures } from './figures-in-redis.js';
import { readHealth } from './health.js';
import { sampleHoldings } from './sample-holdings.js';
import { inParts, readInParts } from './in-parts.js';
import { InTurn } from './in-turn.js';
import { OversizedEntries } from './oversized-entries.js';
import { announce, readLog } from './invalidation-log.js';
import { invalidations, isPutBeside, putOf, putOutcomeOf } from './invalidations.js';
import { FollowedHistory } from './followed-history.js';
import { endEpoch, forgetAll, forgottenForMs, knowsRun, nothingForWrongType } from './known-run.js';
import { loadingKeptMs, wholeMs } from './kept-times.js';
import { LastingGenerations } from './lasting-generations.js';
import { readEntries } from './read-entries.js';
import { storeScripts as scripts } from './store-scripts.js';
import { checkedSettings, sharedName, type RedisStoreOptions } from './store-settings.js';
import { STORE_PURPOSE } from './store-purpose.js';
import { tryOut } from './try-out.js';

const PURPOSE: Purpose = {
  ...STORE_PURPOSE,
  says: {
    away: 'the store is away; the origin answers until it is back',
    usable: 'the store is back and is used again',
  },
  refusal: (words) => new StoreAway(`the store ${words}`),
};

/** Larger fills count as several: what is sent at once must go through a network within one time-out. */
const SMALL_FILL_BYTES = 1000;

/**
 * Entries in Redis 6.2 or later (or Valkey), or in a Redis Cluster, shared by all processes. A read is one MGET of entries and generations,
 * compared in the process; scripts are for what writes. The store makes connections of its own, like the given one
 * but hardened, when the cache starts; the given client is not used otherwise, and stays its owner's to close.
 * @throws CacheError for a client or options that cannot be.
 */
export function redisStore(redis: Redis | Cluster, options: RedisStoreOptions = {}): Store {
  const settings = checkedSettings(redis, options);
  return isCluster(redis) ? clusterStore(redis, settings) : serverStore(redis, settings);
}

function serverStore(redis: Redis, settings: Required<RedisStoreOptions>): Store {
  const link = new ServerConnection(redis, settings, PURPOSE);
  const nextNonce = createNonces();
  const lasting = new LastingGenerations();
  const watchers: ((key: string) => void)[] = [];
  const oversized = new OversizedEntries();
  const followed = new FollowedHistory();
  let names = redisNames(settings.prefix, 'none');
  const read = (addresses: readonly EntryAddress[], asking: AskOptions): Promise<readonly Reading[]> =>
    link
      .runToRead((commands) => readEntries(commands, names, addresses), asking)
      .catch((error: unknown) => {
        oversized.suspect(
          error,
          addresses.map(({ key, row }) => names.entry(key, row)),
        );
        throw error;
      });
  /** Whether the server may lack an invalidation that this process had acknowledged by the one before it. */
  const lacksOurs = async (ask: Ask): Promise<boolean> => {
    if (!followed.hasChanged) return false;
    const nowMs = performance.now();
    return followed.mayLack(await ask((commands) => forgottenForMs(commands, names)), nowMs);
  };
  /** What must not be missed, by this server or by the next. */
  const ended = async (operation: (commands: Redis) => Promise<unknown>): Promise<void> => {
    const sentTo = followed.seen;
    await link.runOrForget(operation);
    followed.invalidated(sentTo);
  };
  const sendFills = (part: readonly Fill[]): Promise<readonly (FillOutcome | Error)[]> =>
    link.run(async (commands) => {
      const calls = part.map(({ key, row = key, bytes, generations, keepForMs, token }) => ({
        keys: [names.entry(key, row), names.generation(row), names.lease(key, row)],
        args: [
          ...[generations[0] ?? '', bytes, wholeMs(keepForMs), token ?? '', names.channel, key],
          wholeMs(keepForMs * 2),
        ],
      }));
      const replies = await runTogether(commands, scripts.fill, calls, 1);
      return replies.map(([reply]) => fillOutcomeOf(reply));
    });
  const shareFigures = figureSharing();
  const fills = new InTurn(sendFills, ({ bytes }) => 1 + Math.floor(bytes.length / SMALL_FILL_BYTES));

  return {
    name: 'redis',
    isLocal: false,
    sharedAs: sharedName(redis.options, settings.prefix),
    isAway: () => link.state === 'away',
    open: ({ digest, log, onForgotten, caughtUp }: OpenOptions) => {
      names = redisNames(settings.prefix, digest);
      return link.open({
        log,
        channel: {
          name: names.channel,
          onMessage: (key) => {
            for (const onSettled of watchers) onSettled(key);
          },
        },
        tryOut: (commands) => tryOut(commands, names),
        inspect: (_, { value }) => {
          if (value('role') !== 'slave') return Promise.resolve(undefined);
          return Promise.reject(
            new UnfitServer(
              'is a replica, which lags behind its primary and takes no invalidation; name the primary instead',
            ),
          );
        },
        rejoin: async (ask, { history }, mustForget) => {
          followed.sees(history);
          await ask((commands) => oversized.remove(commands));
          // A server that was restarted or replaced may have lost invalidations that it had acknowledged.
          const isKnown = await ask((commands) => knowsRun(commands, names, history));
          // Another process may have seen to that, and this one may have been at the server before for longer.
          const has = isKnown && !(await lacksOurs(ask)) ? await caughtUp() : 'no';
          const isBelieved = has === 'yes' || (has === 'unknown' && !mustForget);
          if (!isBelieved) await ask((commands) => forgetAll(commands, names, history));
          if (!isBelieved) onForgotten('all');
          else if (followed.hasChanged) onForgotten('copies');
          followed.isUsed();
        },
      });
    },
    watch: (onSettled) => void watchers.push(onSettled),
    close: () => {
      fills.sendNow();
      return link.close();
    },

    read: (addresses, asking = {}) => readInParts(addresses, (part) => read(part, asking)),
    acquire: (all, { mayGiveUp = false } = {}) =>
      inParts(all, (requests) =>
        link[mayGiveUp ? 'runUnlessLate' : 'run']((commands) =>
          acquire(commands, { names, nextNonce, lasting, requests }),
        ),
      ),
    fill: (all) => inParts(all, (part) => fills.ask(part)),
    release: async (all) => {
      await inParts(all, (leases) =>
        link.run((commands) => {
          const calls = leases.map(({ key, row, token }) => ({
            keys: [names.lease(key, row)],
            args: [token, names.channel, key],
          }));
          return runScript(commands, scripts.release, calls);
        }),
      );
    },
    renew: (all) =>
      inParts(all, (leases) =>
        link.run(async (commands) => {
          const calls = leases.map(({ key, row = key, token, leaseMs }) => ({
            keys: [names.lease(key, row), names.generation(row)],
            args: [token, wholeMs(leaseMs), loadingKeptMs(leaseMs)],
          }));
          return (await runScript(commands, scripts.renew, calls)).map((reply) => reply === 1);
        }),
      ),
    forget: () => ended((commands) => endEpoch(commands, names)),
    // Without it entries are read.
    readLog: (after) =>
      link.runToRead((commands) => readLog(commands, names.log, after), { mayGiveUp: true }),
    dropCopies: (tags) => link.run((commands) => announce(commands, names.log, tags)),
    countAsked: (field, asked) => link.run((commands) => countAsked(commands, names, { field, asked })),
    mostAsked: (field, atMost) => link.run((commands) => mostAsked(commands, names, { field, atMost })),
    shareFigures: (process, changes) =>
      link.run((commands) => shareFigures(commands, names, { process, ...changes })),
    sharedFigures: (parts) => link.run((commands) => sharedFigures(commands, names, parts)),
    health: () => readHealth((commands) => link.run(commands)),
    holdings: () => link.run((commands) => sampleHoldings(commands, names)),
    confirm: () =>
      link.run(async (commands) => void (await commands.get(names.epoch).catch(nothingForWrongType))),
    intend: (all) =>
      inParts(all, (requests) =>
        link.run((commands) => intend(commands, { names, nextNonce, lasting, requests })),
      ),
    put: (all) =>
      inParts(all, (puts) =>
        link.run(async (commands) => {
          const calls = puts.map((row) => putOf(names, row));
          return (await runScript(commands, scripts.invalidate, calls)).map(putOutcomeOf);
        }),
      ),
    invalidate: async (all, versions, written) => {
      const row = isPutBeside(written, all) ? written : undefined;
      let last: unknown;
      await inParts(all, async (tags) => {
        await ended(async (commands) => {
          const calls = invalidations(names, { tags, versions, row, log: names.log }, nextNonce);
          last = (await runScript(commands, scripts.invalidate, calls)).at(-1);
        });
        return [];
      });
      return row && putOutcomeOf(last);
    },
  };
}
