import type { Command } from 'commander';
import type { Surroundings } from '../surroundings.js';
import { asJson, shown } from '../write-out.js';
import { askServer, withServerOptions, type ServerFlags } from './ask-server.js';

const examples = `
Examples:
  CORRAL_TOKEN=… corral warm Query.topCharts
  corral warm Query.topCharts --server https://api.example.com --token-file token.txt

Needs the schema part of graphql-corral/admin, and the right to use it. Ends once everything is loaded that was missing.`;

interface Flags extends ServerFlags {
  readonly json?: boolean;
}

/** `corral warm`: has a running server load what is missing of what is kept warm at a field. */
export function addWarm(program: Command, surroundings: Surroundings): void {
  withServerOptions(
    program
      .command('warm')
      .description('has a running server load what is missing of what a field with PREFETCH keeps warm')
      .argument('<coordinate>', 'the field, such as Query.topCharts')
      .option('--json', 'prints JSON'),
  )
    .addHelpText('after', examples)
    .action(async (coordinate: string, flags: Flags) => {
      const { warmCache } = await askServer(
        flags,
        {
          document: 'mutation ($coordinate: String!) { warmCache(coordinate: $coordinate) { message } }',
          variables: { coordinate },
          doing: `warming ${coordinate}`,
        },
        surroundings,
      );
      const message =
        typeof warmCache === 'object' && warmCache !== null ? String(Reflect.get(warmCache, 'message')) : '';
      surroundings.out(flags.json === true ? asJson({ coordinate, message }) : shown(message));
    });
}
