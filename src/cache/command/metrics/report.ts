import type { Command } from 'commander';
import type { Surroundings } from '../surroundings.js';
import { asJson, asTable } from '../write-out.js';
import { figuresOf } from './figures-of.js';
import { fetchMetrics, metricsArgument, type Sample } from './read-metrics.js';

const examples = `
Examples:
  corral report http://localhost:4000
  corral report http://api-1:9464/metrics http://api-2:9464/metrics --json

Since the start of each process; those of several are added up.`;

/** What of a process is told beside its fields: the name of the metric, and what it is called here. */
const STATES = {
  cache_store_away: 'processes whose store is away',
  cache_relay_blind_seconds: 'seconds for which a relay is blind',
  cache_journal_pending: 'writes that wait in the journal',
  cache_journal_dead_letters: 'dead letters',
  cache_inconsistency_total: 'inconsistencies that probes found',
} as const;
/** Each process counts these for itself; of the others all see the same journal. */
const SUMMED: readonly string[] = ['cache_store_away', 'cache_inconsistency_total'];

/** `corral report`: what the cache did for each field. */
export function addReport(program: Command, { out }: Surroundings): void {
  program
    .command('report')
    .description('asks running processes for hits, loads and saved time of their cached fields')
    .argument(metricsArgument.name, metricsArgument.says)
    .option('--json', 'prints JSON')
    .addHelpText('after', examples)
    .action(async (urls: readonly string[], { json }: { json?: boolean }) => {
      const samples = await fetchMetrics(urls);
      const fields = figuresOf(samples)
        .map((figures) => ({ ...figures, reads: figures.hits + figures.misses }))
        .sort((one, other) => other.reads - one.reads);
      const states = Object.keys(STATES).map((name) => [name, stateOf(samples, name)] as const);
      if (json === true) {
        out(asJson({ fields, states: Object.fromEntries(states) }));
        return;
      }
      const headings = ['field', 'pattern', 'ttl', 'reads', 'hits', 'loads', 'ms a load', 'saved'];
      out(
        asTable(
          headings,
          fields.map(({ coordinate, pattern, ttl, reads, hits, loads, loadMs, savedMs }) => [
            ...[coordinate, pattern, `${ttl} s`, `${reads}`],
            reads === 0 ? '' : `${Math.round((100 * hits) / reads)} %`,
            `${loads}`,
            loads === 0 ? '' : (loadMs / loads).toFixed(1),
            `${(savedMs / 1000).toFixed(1)} s`,
          ]),
        ),
      );
      for (const [name, value] of states)
        if (isState(name) && value !== undefined) out(`${STATES[name]}: ${value}`);
    });
}

function stateOf(samples: readonly Sample[], name: string): number | undefined {
  const values = samples.filter((sample) => sample.name === name).map(({ value }) => value);
  if (values.length === 0) return undefined;
  return SUMMED.includes(name) ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
}

function isState(name: string): name is keyof typeof STATES {
  return name in STATES;
}
