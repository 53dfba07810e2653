import { titleOf, type ServerName } from '../servers/server-names.js';

/** The servers of this repository that are measured beside the peers; the first is the reference. */
export const ownServers = [
  'constants',
  'no-cache',
  'library-redis',
  'library-strict',
  'library-plans',
  'library-strict-plans',
  'library-memo',
  'library-memo-front',
  'library-memo-node',
] as const satisfies readonly ServerName[];

const peerTitles = {
  'apollo-response-cache': "Apollo's response cache, in memory",
  'mercurius-cache': 'mercurius-cache, in memory, compiled queries',
  'yoga-response-cache': "Yoga's response cache, in memory",
  bentocache: 'BentoCache around resolvers of Apollo, in memory',
} as const;

export type PeerName = keyof typeof peerTitles;

export const peerNames: readonly PeerName[] = [
  'apollo-response-cache',
  'mercurius-cache',
  'yoga-response-cache',
  'bentocache',
];

/** What the table calls a peer or a server of this repository. */
export function contestantTitle(name: string): string {
  const peer = peerNames.find((other) => other === name);
  return peer === undefined ? titleOf(name) : peerTitles[peer];
}

/** What the tables of two processes call them: there all share a Redis, whatever they keep besides. */
const sharedTitles = new Map<string, string>([
  ['constants', 'constants'],
  ['no-cache', 'no cache'],
  ['library-redis', 'Corral, Redis'],
  ['library-strict', 'Corral, strict copies'],
  ['library-memo', 'Corral, memo in front'],
  ['library-mercurius', 'Corral in Mercurius, Redis'],
  ['apollo-response-cache', "Apollo's response cache"],
  ['mercurius-cache', 'mercurius-cache'],
  ['yoga-response-cache', "Yoga's response cache"],
  ['bentocache', 'BentoCache'],
]);

export function sharedTitle(name: string): string {
  return sharedTitles.get(name) ?? name;
}

/** The servers of the library that take part where two processes share a cache, those in Apollo Server with queries by plans. */
export const sharedLibraries: readonly string[] = [
  'library-redis',
  'library-strict',
  'library-memo',
  'library-mercurius',
];

export function isPeer(name: string): boolean {
  return peerNames.some((peer) => peer === name);
}
