import type { Command } from 'commander';
import type { CachedArguments } from '../../policy/field-site.js';
import type { Surroundings } from '../surroundings.js';
import { asJson, asTable, counted } from '../write-out.js';
import { assumedPlan, type DeclaredField } from './assumed-plan.js';
import { requireSchema } from './read-schema.js';

/** `corral fields`: what is cached, and how. */
export function addFields(program: Command, { out }: Surroundings): void {
  program
    .command('fields')
    .description('lists the fields with a cache directive: pattern, ttl, scope, key and tags')
    .argument('<schema...>', 'files, folders or globs of SDL')
    .option('--json', 'prints JSON')
    .addHelpText('after', '\nExample:\n  corral fields schema/')
    .action(async (paths: readonly string[], { json }: { json?: boolean }) => {
      const { declared } = assumedPlan(await requireSchema(paths));
      const fields = [...declared.values()];
      if (json === true) out(asJson(fields.map(fieldAsJson)));
      else if (fields.length === 0) out('No field has a cache directive.');
      else {
        out(asTable(['field', 'pattern', 'ttl', 'scope', 'key', 'tags', 'invalidates'], fields.map(rowOf)));
        out(`${counted(fields.length, 'field')}.`);
      }
    });
}

/** One field as `--json` prints it. */
function fieldAsJson({ coordinate, cached, invalidates }: DeclaredField): Readonly<Record<string, unknown>> {
  return { coordinate, ...cached, key: cached?.key ?? null, invalidates };
}

function rowOf({ coordinate, cached, invalidates }: DeclaredField): readonly string[] {
  return [
    coordinate,
    cached?.pattern ?? '',
    cached === undefined ? '' : shownTtl(cached),
    cached?.scope ?? '',
    cached === undefined ? '' : shownKey(cached),
    cached?.tags.join(' ') ?? '',
    invalidates.join(' '),
  ];
}

/** `60 s`, and after a plus the seconds in which a stale value may be served. */
export function shownTtl({ ttl, swr }: CachedArguments): string {
  return swr > 0 ? `${ttl} s + ${swr} s stale` : `${ttl} s`;
}

/** The template of a key, and what it varies by. */
export function shownKey({ key, vary = [] }: CachedArguments): string {
  return [key ?? '(default)', ...vary.map((name) => `|${name}`)].join('');
}
