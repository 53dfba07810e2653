import { Option, type Command } from 'commander';
import { CommandFault } from '../command-fault.js';
import type { Surroundings } from '../surroundings.js';
import { asJson, counted } from '../write-out.js';
import { assumedPlan, type AssumedOptions } from './assumed-plan.js';
import { placed } from './place-of-fault.js';
import { readSchema, shownFault, type SdlFault } from './read-schema.js';
import { withAssumedOptions } from './schema-options.js';

const examples = `
Examples:
  corral check schema/
  corral check 'src/**/*.graphql' --fetches Session --vary tenant,locale
  corral check schema/ --format github      in a workflow of GitHub: faults stand beside their lines

Ends with 1 where there is a fault. What only createCache knows, such as origins and the viewer, is taken to fit unless it is given.`;

type Format = 'text' | 'json' | 'github';

/** `corral check`: every fault of the directives, all together. */
export function addCheck(program: Command, { out }: Surroundings): void {
  withAssumedOptions(
    program
      .command('check')
      .description('finds every fault of the cache directives of a schema, without running it')
      .argument('<schema...>', 'files, folders or globs of SDL'),
  )
    .option('--json', 'the same as --format json')
    .addOption(
      new Option('--format <format>', 'how faults are told')
        .choices(['text', 'json', 'github'])
        .default('text'),
    )
    .addHelpText('after', examples)
    .action(async (paths: readonly string[], flags: AssumedOptions & { json?: boolean; format: Format }) => {
      const { files, schema, faults: broken } = await readSchema(paths);
      const plan = schema && assumedPlan(schema, flags);
      const faults = [
        ...broken,
        ...(schema ? (plan?.faults.map((fault) => placed(fault, schema)) ?? []) : []),
      ];
      const fields = plan?.declared.size ?? 0;
      const format = flags.json === true ? 'json' : flags.format;
      if (format === 'json') out(asJson({ files: files.length, fields, faults }));
      else for (const fault of faults) out(format === 'github' ? annotation(fault) : shownFault(fault));
      if (faults.length > 0) {
        // What a program reads has all of it already.
        throw new CommandFault(
          format === 'json' ? '' : `${counted(faults.length, 'fault')} in ${counted(files.length, 'file')}.`,
        );
      }
      if (format === 'text')
        out(
          `No fault in ${counted(fields, 'field')} with cache directives, in ${counted(files.length, 'file')}.`,
        );
    });
}

/** A command of GitHub's workflows, which shows the fault beside its line. */
function annotation({ file, line, column, message }: SdlFault): string {
  const where = file === undefined ? [] : [`file=${property(file)}`, `line=${line}`, `col=${column}`];
  return `::error ${[...where, 'title=corral check'].join(',')}::${escaped(message)}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
