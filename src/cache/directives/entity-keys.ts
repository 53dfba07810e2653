import {
  getNamedType,
  getNullableType,
  isLeafType,
  isObjectType,
  Kind,
  parse,
  type GraphQLObjectType,
  type SelectionNode,
} from 'graphql';

/** What leads to one value of a representation: `organization`, `id`. */
export type KeyPath = readonly string[];

/**
 * The paths to the values of a `@key` such as `id organization { id }`. Undefined where these are no single values of known
 * objects, such as lists: the key of an entry cannot hold them.
 */
export function keyPaths(type: GraphQLObjectType, fields: string): readonly KeyPath[] | undefined {
  const selections = selectionsOf(fields);
  return selections && pathsOf(type, selections);
}

function selectionsOf(fields: string): readonly SelectionNode[] | undefined {
  try {
    const [definition] = parse(`{ ${fields} }`, { noLocation: true }).definitions;
    return definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : undefined;
  } catch {
    // A library for federation says what is wrong with its own directive.
    return undefined;
  }
}

function pathsOf(
  type: GraphQLObjectType,
  selections: readonly SelectionNode[],
): readonly KeyPath[] | undefined {
  const paths: KeyPath[] = [];
  for (const selection of selections) {
    const below = selection.kind === Kind.FIELD ? pathsOfField(type, selection) : undefined;
    if (below === undefined) return undefined;
    paths.push(...below);
  }
  return paths;
}

function pathsOfField(
  parent: GraphQLObjectType,
  { name: { value: name }, selectionSet }: Extract<SelectionNode, { kind: Kind.FIELD }>,
): readonly KeyPath[] | undefined {
  // Of an object type it is always the same.
  if (name === '__typename') return [];
  const field = parent.getFields()[name];
  const type = field && getNullableType(field.type);
  if (type === undefined || type !== getNamedType(type)) return undefined;
  if (isLeafType(type)) return [[name]];
  if (!isObjectType(type) || selectionSet === undefined) return undefined;
  return pathsOf(type, selectionSet.selections)?.map((path) => [name, ...path]);
}

/** Whether two lists have the same paths, in any order. */
export function areSamePaths(some: readonly KeyPath[], others: readonly KeyPath[]): boolean {
  return holdsPaths(some, others) && holdsPaths(others, some);
}

/** Whether all of the second are among the first. */
export function holdsPaths(some: readonly KeyPath[], wanted: readonly KeyPath[]): boolean {
  const texts = new Set(some.map(pathText));
  return wanted.every((path) => texts.has(pathText(path)));
}

export function pathText(path: KeyPath): string {
  return path.join('.');
}
