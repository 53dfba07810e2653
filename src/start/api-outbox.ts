import type { Outbox } from '../cache/index.js';
import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import type { DatabaseLog } from '../database/database-log.js';
import { openOutbox } from '../outbox/open-outbox.js';

interface ApiOutboxParts {
  readonly database: () => Promise<Pick<Database, 'pool' | 'upkeep'>>;
  readonly log: DatabaseLog;
  readonly config: Pick<Config, 'databaseUrl' | 'redisUrl' | 'redisPrefix'>;
}

/** The outbox of the API, in a database that is opened when the cache opens this. */
export function apiOutbox({ database, log, config }: ApiOutboxParts): Outbox {
  let opened: Outbox | undefined;
  const outbox = (): Outbox => {
    if (opened === undefined) throw new Error('the outbox is not open');
    return opened;
  };
  return {
    open: async ({ namespaces, used }) => {
      const { databaseUrl, redisUrl, redisPrefix } = config;
      opened = await openOutbox({
        ...{ database: await database(), log, namespaces, used },
        ...{ databaseUrl, redisUrl, redisPrefix },
      });
    },
    relay: (apply) => outbox().relay(apply),
    register: () => outbox().register(),
    add: (tags) => outbox().add(tags),
    listen: (onRows, onListening) => outbox().listen(onRows, onListening),
    keep: () => outbox().keep(),
    close: async () => opened?.close(),
  };
}
