/** The servers that are compared, the reference first. */
export const serverNames = [
  'constants',
  'no-cache',
  'library-redis',
  'library-cluster',
  'library-local',
  'library-strict',
  'library-plans',
  'library-strict-plans',
  'library-memo',
  'library-memo-front',
  'library-memo-node',
  'library-redis-vary',
  'library-local-vary',
  'library-strict-vary',
  'library-memo-vary',
  'api-redis',
  'api-redis-no-plans',
  'api-local',
  'api-strict',
  'api-memo',
] as const;

export type ServerName = (typeof serverNames)[number];

const serverTitles: Readonly<Record<ServerName, string>> = {
  constants: 'Apollo standalone, constants in memory',
  'no-cache': 'Apollo standalone, no cache, 3 ms a load',
  'library-redis': 'library in Apollo standalone, Redis',
  'library-cluster': 'library in Apollo standalone, Redis Cluster of three primaries',
  'library-local': 'library in Apollo standalone, local copies',
  'library-strict': 'library in Apollo standalone, strict copies',
  'library-plans': 'library in Apollo standalone, Redis, queries by plans',
  'library-strict-plans': 'library in Apollo standalone, strict copies, queries by plans',
  'library-memo': 'library in Apollo standalone, operation memo over Redis',
  'library-memo-front': 'library in Apollo standalone, operation memo in front of it',
  'library-memo-node': 'library by its own handler for Node.js, operation memo in front of Apollo Server',
  'library-redis-vary': 'the same with Redis, where all fields vary by tenant and locale',
  'library-local-vary': 'the same with local copies, where all fields vary so',
  'library-strict-vary': 'the same with strict copies, where all fields vary so',
  'library-memo-vary': 'the same with the operation memo, where all fields vary so',
  'api-redis': 'this API, Redis',
  'api-redis-no-plans': 'this API, Redis, queries by graphql-js',
  'api-local': 'this API, local copies',
  'api-strict': 'this API, strict copies',
  'api-memo': 'this API, operation memo over Redis',
};

/** What a table calls a server: its title, or its name where it has none here. */
export function titleOf(server: string): string {
  const known = serverNames.find((name) => name === server);
  return known === undefined ? server : serverTitles[known];
}
