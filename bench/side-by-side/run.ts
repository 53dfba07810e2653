import { setMaxListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { ownServers, peerNames } from './contestants.js';
import { rowNames } from './scenarios.js';
import { sideBySide } from './side-by-side.js';

const help = `Usage: npm run bench:peers -- [options]

Corral beside other caches for GraphQL, in one run: hits, and what two processes go through that share a cache. The first
time it installs the peers into bench/peers. It needs redis-server and wrk, and takes about half an hour. A full run on
a quiet machine writes its figures to docs/peers.md; any other only prints them.

  --quick       two rounds that count instead of six, and shorter ones, in about ten minutes
  --only A,B    some of ${peerNames.join(', ')}
  --rows A,B    some of ${rowNames.join(', ')}
  --loaded      while another program takes half of the cores, one at least; only prints
  --json FILE   writes every figure to a file as well
  --help        shows this

It ends with 1 where the figures of a full run were not published, because the machine was not quiet.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: peerNames.join(',') },
      rows: { type: 'string', default: rowNames.join(',') },
      loaded: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const isPublished = await sideBySide({
    isQuick: values.quick,
    isLoaded: values.loaded,
    peers: chosen('--only', values.only, peerNames),
    rows: chosen('--rows', values.rows, rowNames),
    json: values.json,
    signal: stopping.signal,
  });
  if (!isPublished) process.exitCode = 1;
}

/** The names that were asked for, in the order that they are known in. */
function chosen<Name extends string>(option: string, text: string, known: readonly Name[]): readonly Name[] {
  const asked = text.split(',');
  const unknown = asked.filter((name) => !known.some((other) => other === name));
  if (unknown.length > 0)
    throw new Error(`${option}: ${unknown.join(', ')} is not among ${known.join(', ')}`);
  return known.filter((name) => asked.includes(name));
}

/** Aborted when the bench is told to end: everything it started ends first. */
const stopping = new AbortController();
// Each process listens for it, and there are two of each contestant.
setMaxListeners(2 * (peerNames.length + ownServers.length) + 10, stopping.signal);
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());

main().catch((error: unknown) => {
  if (stopping.signal.aborted) console.error('stopped');
  else console.error(error instanceof Error ? error.message : error);
  process.exit(stopping.signal.aborted ? 130 : 1);
});
