import { setMaxListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { ownServers, peerNames } from './contestants.js';
import { sideBySide } from './side-by-side.js';

const help = `Usage: npm run bench:peers -- [options]

Corral beside other caches for GraphQL, in one run, as ratios to Apollo Server with constants in memory. The first
time it installs the peers into bench/peers. It needs redis-server and wrk, and takes about six minutes.

  --quick       two rounds that count instead of six, in about two minutes
  --only A,B    some of ${peerNames.join(', ')}
  --json FILE   writes every slice to a file as well
  --help        shows this
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: peerNames.join(',') },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const asked = values.only.split(',');
  const unknown = asked.filter((name) => !peerNames.some((other) => other === name));
  if (unknown.length > 0)
    throw new Error(`--only: ${unknown.join(', ')} is not among ${peerNames.join(', ')}`);
  await sideBySide({
    rounds: values.quick ? 3 : 7,
    peers: peerNames.filter((name) => asked.includes(name)),
    workloads: ['one', 'list', 'one-shapes'],
    json: values.json,
    signal: stopping.signal,
  });
}

/** Aborted when the bench is told to end: everything it started ends first. */
const stopping = new AbortController();
// Each server listens for it.
setMaxListeners(peerNames.length + ownServers.length + 10, stopping.signal);
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());

main().catch((error: unknown) => {
  if (stopping.signal.aborted) console.error('stopped');
  else console.error(error instanceof Error ? error.message : error);
  process.exit(stopping.signal.aborted ? 130 : 1);
});
