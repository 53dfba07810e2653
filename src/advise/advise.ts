import { parseArgs } from 'node:util';
import { adviseOn } from '../cache/advise/index.js';
import { fetchMetrics, figuresOf, NoFigures } from './read-figures.js';

const DEFAULT_URL = 'http://localhost:4000';

const help = `Usage: npm run advise -- [options] [url ...]

Asks running processes of the API what happened at their cached fields since they started, and says in sentences what
could be set otherwise. Figures of several processes are added up. Nothing is changed.

  url         of the metrics of a process: with METRICS_PORT that port; default ${DEFAULT_URL}

Options
  --json      prints the advice as JSON
  --help      shows this
`;

/** The program: reads the metrics, prints the advice. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  const urls = positionals.length === 0 ? [DEFAULT_URL] : positionals;
  const unreadable = urls.find((url) => !URL.canParse(url));
  if (unreadable !== undefined)
    throw new NoFigures(`"${unreadable}" is not a URL; write for example ${DEFAULT_URL}.`);
  const advice = adviseOn(figuresOf(await Promise.all(urls.map(fetchMetrics))));
  if (values.json === true) process.stdout.write(`${JSON.stringify(advice, undefined, 2)}\n`);
  else if (advice.length === 0) {
    process.stdout.write(
      'Too little has happened since the start to say anything; ask again after some traffic.\n',
    );
  } else for (const { sentence } of advice) process.stdout.write(`${sentence}\n`);
}

main().catch((error: unknown) => {
  const isUsage = error instanceof NoFigures || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`${isUsage ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = 1;
});
