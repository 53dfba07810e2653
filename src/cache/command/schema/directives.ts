import type { Command } from 'commander';
import { cacheTypeDefs } from '../../directives/type-defs.js';
import type { Surroundings } from '../surroundings.js';
import { asJson } from '../write-out.js';

const examples = `
Example:
  corral directives > node_modules/.cache/corral.graphql      for tools that read the SDL of a schema from files`;

/** `corral directives`: the definitions that linters and code generators need beside the files of a schema. */
export function addDirectives(program: Command, { out }: Surroundings): void {
  program
    .command('directives')
    .description('prints the SDL that defines @cached and @invalidates, for linters and code generators')
    .option('--json', 'prints JSON')
    .addHelpText('after', examples)
    .action(({ json }: { json?: boolean }) =>
      out(json === true ? asJson({ sdl: cacheTypeDefs }) : cacheTypeDefs.trim()),
    );
}
