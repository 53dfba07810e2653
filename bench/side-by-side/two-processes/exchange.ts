import type { Acknowledged } from './acknowledged.js';
import type { Client } from './client.js';

const READ = 'query ($id: ID!) { movie(id: $id) { id title version } }';
const WRITE = 'mutation ($id: ID!) { retitle(id: $id) { id version } }';

export type Outcome = 'right' | 'stale' | 'error';

/** Reads a film and judges the answer by the writes that were acknowledged before it was asked for. */
export async function read(client: Client, acknowledged: Acknowledged, id: string): Promise<Outcome> {
  const newest = acknowledged.newest(id);
  try {
    const version = versionIn(await client.ask(JSON.stringify({ query: READ, variables: { id } })));
    return version < newest ? 'stale' : 'right';
  } catch {
    return 'error';
  }
}

/** Writes a film; a write that is not answered well is acknowledged to nobody. */
export async function write(client: Client, acknowledged: Acknowledged, id: string): Promise<Outcome> {
  try {
    acknowledged.acknowledge(
      id,
      versionIn(await client.ask(JSON.stringify({ query: WRITE, variables: { id } }))),
    );
    return 'right';
  } catch {
    return 'error';
  }
}

function versionIn(answer: string): number {
  const [, version] = /"version":(\d+)/.exec(answer) ?? [];
  if (version === undefined) throw new Error(`there is no version in ${answer.slice(0, 200)}`);
  return Number(version);
}
