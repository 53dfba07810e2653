import type { Command } from 'commander';
import { adviseOn } from '../../advise/index.js';
import type { Surroundings } from '../surroundings.js';
import { asJson } from '../write-out.js';
import { figuresOf } from './figures-of.js';
import { fetchMetrics, metricsArgument } from './read-metrics.js';

const examples = `
Examples:
  corral advise http://localhost:4000
  corral advise http://api-1:9464/metrics http://api-2:9464/metrics

Figures of several processes are added up. Nothing is changed.`;

/** `corral advise`: what could be set otherwise, in sentences. */
export function addAdvise(program: Command, { out }: Surroundings): void {
  program
    .command('advise')
    .description(
      'asks running processes what happened at their cached fields, and says what could be set otherwise',
    )
    .argument(metricsArgument.name, metricsArgument.says)
    .option('--json', 'prints JSON')
    .addHelpText('after', examples)
    .action(async (urls: readonly string[], { json }: { json?: boolean }) => {
      const advice = adviseOn(figuresOf(await fetchMetrics(urls)));
      if (json === true) out(asJson(advice));
      else if (advice.length > 0) out(advice.map(({ sentence }) => sentence).join('\n'));
      else out('Too little has happened since the start to say anything; ask again after some traffic.');
    });
}
