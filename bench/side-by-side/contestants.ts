import { titleOf, type ServerName } from '../servers/server-names.js';

/** The servers of this repository that are measured beside the peers; the first is the reference. */
export const ownServers = [
  'constants',
  'no-cache',
  'library-redis',
  'library-strict',
  'library-plans',
  'library-memo',
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
