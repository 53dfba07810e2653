import { readFile } from 'node:fs/promises';
import {
  GraphQLError,
  Kind,
  parse,
  Source,
  validate,
  type DocumentNode,
  type OperationDefinitionNode,
} from 'graphql';
import type { Command } from 'commander';
import { CommandFault, wrongCommand } from '../command-fault.js';
import type { Surroundings } from '../surroundings.js';
import { asJson, asTable, counted } from '../write-out.js';
import { assumedPlan } from './assumed-plan.js';
import { explainOperation, type ExplainedField } from './explain-operation.js';
import { shownKey, shownTtl } from './fields.js';
import { requireSchema } from './read-schema.js';

const examples = `
Examples:
  corral explain operations/movie.graphql --schema schema/
  corral explain operations/movie.graphql --schema schema/ --variables '{"id":"42"}'

Where the arguments alone decide the entry of a root field, its key is shown as it is in the store.`;

interface Flags {
  readonly schema: readonly string[];
  readonly operation?: string;
  readonly variables?: string;
  readonly json?: boolean;
}

/** `corral explain`: what the cache does at each field of an operation, without running it. */
export function addExplain(program: Command, { out }: Surroundings): void {
  program
    .command('explain')
    .description('says for each field of an operation how it is cached: key, pattern, policy and tags')
    .argument('<file>', 'a file with the operation')
    .requiredOption('--schema <paths...>', 'files, folders or globs of SDL')
    .option('--operation <name>', 'which operation, where the file has several')
    .option('--variables <json>', 'an object: shows the keys that they lead to')
    .option('--json', 'prints JSON')
    .addHelpText('after', examples)
    .action(async (file: string, { schema: paths, operation: name, variables, json }: Flags) => {
      const schema = await requireSchema(paths);
      const plan = assumedPlan(schema);
      if (plan.faults.length > 0)
        throw new CommandFault(
          `The cache directives have ${counted(plan.faults.length, 'fault')}; corral check lists them.`,
        );
      const document = await readOperations(file);
      const errors = validate(schema, document);
      if (errors.length > 0) throw new CommandFault(errors.map(shownError).join('\n'));
      const operation = chosen(document, name, file);
      const fields = explainOperation({
        ...{ schema, plan, document, operation },
        variables: variablesIn(variables),
      });
      if (json === true) out(asJson(fields.map(fieldAsJson)));
      else out(explanation(fields));
    });
}

async function readOperations(file: string): Promise<DocumentNode> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandFault(`There is no file ${file}.`);
  });
  try {
    return parse(new Source(text, file));
  } catch (error) {
    if (error instanceof GraphQLError) throw new CommandFault(shownError(error));
    throw error;
  }
}

function shownError({ message, source, locations }: GraphQLError): string {
  const [at] = locations ?? [];
  return at === undefined ? message : `${source?.name ?? ''}:${at.line}:${at.column} ${message}`;
}

function chosen(document: DocumentNode, name: string | undefined, file: string): OperationDefinitionNode {
  const all = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const fitting = name === undefined ? all : all.filter((one) => one.name?.value === name);
  const [first, ...more] = fitting;
  const names = all.map((one) => one.name?.value ?? 'one without a name').join(', ');
  if (first === undefined)
    throw wrongCommand(
      all.length === 0 ? `${file} has no operation.` : `${file} has no operation ${name}; it has ${names}.`,
    );
  if (more.length > 0)
    throw wrongCommand(`${file} has several operations; choose with --operation: ${names}.`);
  return first;
}

function variablesIn(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw wrongCommand(`--variables must be a JSON object such as '{"id":"42"}'.`);
}

function fieldAsJson({
  path,
  coordinate,
  declared,
  entry,
}: ExplainedField): Readonly<Record<string, unknown>> {
  const { cached, invalidates = [] } = declared ?? {};
  return {
    path,
    coordinate,
    cached: cached === undefined ? null : { ...cached, key: cached.key ?? null },
    entry: entry ?? null,
    invalidates,
  };
}

function explanation(fields: readonly ExplainedField[]): string {
  const told = fields.filter(({ declared, path }) => declared !== undefined || !path.includes('.'));
  const rows = told.map(({ path, coordinate, declared, entry }) => {
    const { cached, invalidates = [] } = declared ?? {};
    const tags = [...(cached?.tags ?? []), ...invalidates.map((tag) => `ends ${tag}`)].join(' ');
    if (cached === undefined) return [path, coordinate, 'not cached', '', '', '', tags];
    const { pattern, scope } = cached;
    return [path, coordinate, pattern, shownTtl(cached), scope, entry ?? shownKey(cached), tags];
  });
  const rest = fields.length - told.length;
  const table = asTable(['path', 'field', 'pattern', 'ttl', 'scope', 'key', 'tags'], rows);
  return rest === 0 ? table : `${table}\n${counted(rest, 'other field')} without a cache directive.`;
}
