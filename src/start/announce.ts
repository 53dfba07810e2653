import { demoAccounts } from '../../prisma/seed/demo-accounts.js';
import { redisAddress } from '../cache/redis/index.js';
import type { Api } from './api.js';
import { isCluster, type Config } from '../config.js';
import type { DatabaseLog } from '../database/database-log.js';
import { parseRedisUrl } from '../redis/parse-redis-url.js';

/** Says in one block where the API is, what it stands on, and in development who can sign in. */
export async function announce(api: Api, config: Config, log: DatabaseLog): Promise<void> {
  const { url, database, cache } = api;
  const lines: [string, string][] = [
    ['API', `${url}/graphql${config.environment === 'production' ? '' : ' (open it in a browser)'}`],
    ['Dashboard', `${url}/cache${config.environment === 'production' ? ' (for admins)' : ''}`],
    ['Health', `${url}/healthz and ${url}/readyz`],
    ...(api.metricsUrl === undefined ? [] : [['Metrics', `${api.metricsUrl}/metrics`] as [string, string]]),
    [
      'Database',
      database.kind === 'embedded' ? `embedded PostgreSQL in ${config.dataDirectory}` : 'PostgreSQL',
    ],
    ...cacheLines(config, cache.stats.storeIsAway()),
    ['Journal', cache.writes.durability],
    ...disabledLines(config),
  ];
  if (config.environment === 'development') lines.push(...(await accountLines(database)));
  log.info(['Corral is ready.', ...lines.map(([name, text]) => `  ${name.padEnd(9)} ${text}`)].join('\n'));
}

function disabledLines({ cache: { disabled } }: Config): [string, string][] {
  if (disabled === 'all') return [['Disabled', 'every cached field, by CACHE_DISABLED']];
  return disabled.length === 0 ? [] : [['Disabled', `${disabled.join(', ')}, by CACHE_DISABLED`]];
}

/** Where entries are, and what is not done there although it is on by default. */
export function cacheLines(config: Config, isAway: boolean): [string, string][] {
  const lines: [string, string][] = [['Cache', cacheLine(config, isAway)]];
  if (config.cache.memo === false && isCluster(config.redisUrl))
    lines.push(['Memo', 'off on a Redis Cluster, see docs/memo.md']);
  return lines;
}

function cacheLine({ cache, redisUrl }: Config, isAway: boolean): string {
  if (redisUrl === undefined) {
    const mebibytes = Math.round(cache.maxBytes / 1024 / 1024);
    return `memory, at most ${cache.maxEntries} entries and ${mebibytes} MiB, eviction ${cache.eviction}`;
  }
  const server = parseRedisUrl(redisUrl);
  const where = `Redis at ${redisAddress(server)} (database ${server.database}), shared by all processes`;
  return isAway ? `${where}; away: serving from the database until it is back` : where;
}

/** None where the database holds other people's data: the demo accounts are in seeded databases only. */
async function accountLines({ prisma }: Api['database']): Promise<[string, string][]> {
  const emails = demoAccounts.map(({ email }) => email);
  const count = await prisma.user.count({ where: { email: { in: emails } } });
  if (count < emails.length) return [];
  return demoAccounts.map(({ email, password, role }) => [
    'Account',
    `${email}, password ${password} (${role})`,
  ]);
}
