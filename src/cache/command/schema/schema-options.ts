import type { Command } from 'commander';

/** Adds what a schema alone does not say, each as the names that createCache is given. */
export function withAssumedOptions(command: Command): Command {
  return command
    .option(
      '--origins <names>',
      'namespaces with an origin, such as Movie,Person; default: all that are needed',
      namesOf,
    )
    .option('--fetches <names>', 'namespaces that only cache.fetch uses; default: none', namesOf)
    .option('--vary <names>', 'what createCache declares in vary; default: all names that are used', namesOf)
    .option('--vary-all <names>', 'those of them in varyAll; default: those that sameFor names', namesOf);
}

function namesOf(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}
