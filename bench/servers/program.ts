import { serverNames, type ServerName } from './server-names.js';
import type { Copies, Started } from './measured.js';
import { tellOf } from './told.js';

/** The URLs of Redis, and of the API's database unless it keeps its own. */
interface Backends {
  readonly redisUrl: string;
  readonly databaseUrl: string | undefined;
}

async function start(name: ServerName, { redisUrl, databaseUrl }: Backends): Promise<Started> {
  const copies = copiesOf(name);
  const hasMemo = name.includes('-memo');
  if (name.startsWith('api')) {
    const { startMeasuredApi } = await import('./api.js');
    const hasPlans = !name.endsWith('-no-plans');
    return startMeasuredApi({ redisUrl, databaseUrl, copies, hasMemo, hasPlans });
  }
  const { startConstants, startLibrary, startUncached } = await import('./standalone.js');
  if (name === 'constants') return startConstants();
  if (name === 'no-cache') return startUncached();
  const hasPlans = name.endsWith('-plans');
  const [byHandler, varies] = [name.endsWith('-node'), name.endsWith('-vary')];
  const isInFront = byHandler || name.endsWith('-front');
  return startLibrary(redisUrl, { copies, hasMemo, isInFront, byHandler, hasPlans, varies });
}

function copiesOf(name: ServerName): Copies {
  if (name.includes('-strict')) return 'strict';
  return name.includes('-local') ? 'local' : 'none';
}

/** Runs one server as a process of its own, which the bench commands by messages: usage, profile, the name of a file, stop. */
async function main([name, redisUrl = '', databaseUrl]: string[]): Promise<void> {
  const known = serverNames.find((other) => other === name);
  if (known === undefined) throw new Error(`unknown server ${name}`);
  tellOf(await start(known, { redisUrl, databaseUrl: databaseUrl === '' ? undefined : databaseUrl }));
}

await main(process.argv.slice(2));
