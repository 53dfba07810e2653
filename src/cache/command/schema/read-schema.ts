import {
  buildASTSchema,
  GraphQLError,
  isIntrospectionType,
  isObjectType,
  Kind,
  parse,
  Source,
  type DefinitionNode,
  type GraphQLSchema,
} from 'graphql';
import { cacheTypeDefs } from '../../directives/type-defs.js';
import { CommandFault } from '../command-fault.js';
import { joinedDefinitions } from './joined-definitions.js';
import { readSdlFiles } from './sdl-files.js';

/** What is wrong somewhere in the SDL; line and column begin with 1. */
export interface SdlFault {
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
}

/** A schema of files, or why they are none. */
export interface ReadSchema {
  readonly files: readonly string[];
  readonly schema: GraphQLSchema | undefined;
  readonly faults: readonly SdlFault[];
}

/** Reads SDL from files, folders and globs. The directives of the cache need not be defined there. */
export async function readSchema(paths: readonly string[]): Promise<ReadSchema> {
  const files = await readSdlFiles(paths);
  const faults: SdlFault[] = [];
  const names: string[] = [];
  const definitions = files.flatMap(({ name, text }): readonly DefinitionNode[] => {
    try {
      const found = parse(new Source(text, name)).definitions;
      // Operations often lie in the same folder.
      if (!found.every(isExecutable)) names.push(name);
      return found;
    } catch (error) {
      names.push(name);
      faults.push(faultOf(error));
      return [];
    }
  });
  if (faults.length > 0) return { files: names, schema: undefined, faults };
  try {
    return { files: names, schema: schemaOf(definitions), faults };
  } catch (error) {
    return { files: names, schema: undefined, faults: [faultOf(error)] };
  }
}

/** The same for commands that need a whole schema. @throws CommandFault with what is wrong. */
export async function requireSchema(paths: readonly string[]): Promise<GraphQLSchema> {
  const { schema, faults } = await readSchema(paths);
  if (schema !== undefined) return schema;
  throw new CommandFault(faults.map(shownFault).join('\n'));
}

/** `schema/films.graphql:12:5 what is wrong`. */
export function shownFault({ file, line, column, message }: SdlFault): string {
  return file === undefined ? message : `${file}:${line}:${column} ${message}`;
}

/** Directives of others, such as those of a federation, need not be defined either. */
function schemaOf(definitions: readonly DefinitionNode[]): GraphQLSchema {
  const own = parse(cacheTypeDefs).definitions.filter(
    (one) => !definitions.some((given) => nameOf(given) === nameOf(one)),
  );
  const schema = buildASTSchema(
    { kind: Kind.DOCUMENT, definitions: joinedDefinitions([...definitions, ...own]) },
    { assumeValidSDL: true },
  );
  assumeResolvers(schema);
  return schema;
}

function isExecutable({ kind }: DefinitionNode): boolean {
  return kind === Kind.OPERATION_DEFINITION || kind === Kind.FRAGMENT_DEFINITION;
}

function nameOf(node: DefinitionNode): string | undefined {
  return 'name' in node && node.name !== undefined ? `${node.kind} ${node.name.value}` : undefined;
}

/** SDL does not say which fields have resolvers: all of them may. */
function assumeResolvers(schema: GraphQLSchema): void {
  const assumed = (): undefined => undefined;
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) field.resolve = assumed;
    Object.assign(type.extensions, { apollo: { subgraph: { resolveReference: assumed } } });
  }
}

function faultOf(error: unknown): SdlFault {
  if (!(error instanceof Error)) throw error;
  const { source, locations } = error instanceof GraphQLError ? error : {};
  const [at] = locations ?? [];
  return { file: source?.name, line: at?.line, column: at?.column, message: error.message };
}
