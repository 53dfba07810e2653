import {
  Kind,
  parse,
  parseConstValue,
  print,
  visit,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type FieldDefinitionNode,
} from 'graphql';
import type { ContestantName } from './names.js';

/** How one contestant differs from the directives of schema/. */
interface Arrangement {
  /** The pattern of a field that has this one there. */
  readonly read: (pattern: string, coordinate: string) => string;
  /** The pattern of a mutation that has this one there; undefined has it invalidate what it would have stored. */
  readonly write: (pattern: string) => string | undefined;
  readonly invalidates: boolean;
}

const withoutPrefetch = (pattern: string): string => (pattern === 'PREFETCH' ? 'CACHE_ASIDE' : pattern);
const readThrough: Arrangement = { read: withoutPrefetch, write: () => undefined, invalidates: true };
const cacheAside: Arrangement = { ...readThrough, read: () => 'CACHE_ASIDE' };
/** With the engine switched off around them: the resolvers of CACHE_ASIDE load, each time. */
const switchedOff: Arrangement = { ...cacheAside, invalidates: false };
const stored = (by: string) => (pattern: string) => (pattern === 'WRITE_BEHIND' ? undefined : by);

const arrangements: Readonly<Record<Exclude<ContestantName, 'configured'>, Arrangement>> = {
  none: switchedOff,
  naive: switchedOff,
  'cache-aside': cacheAside,
  'read-through': readThrough,
  'write-through': { ...readThrough, write: stored('WRITE_THROUGH') },
  'write-behind': {
    ...readThrough,
    write: (pattern) => (pattern === 'WRITE_BEHIND' ? pattern : undefined),
  },
  prefetch: {
    ...readThrough,
    read: (pattern, coordinate) => (coordinate === 'Query.searchMovies' ? 'PREFETCH' : pattern),
  },
  hybrid: { ...readThrough, write: stored('HYBRID') },
};

/** The coordinates of all fields that are read through the cache, as `disabled` of the engine takes them. */
export function cachedReads(typeDefs: readonly string[]): readonly string[] {
  return typeDefs.flatMap((text) => {
    const found: string[] = [];
    visitFields(text, (field, type) => {
      const isCached = field.directives?.some(({ name }) => name.value === 'cached') ?? false;
      if (isCached && type !== 'Mutation') found.push(`${type}.${field.name.value}`);
      return field;
    });
    return found;
  });
}

/** Seconds of a lifetime of schema/, in time that passes faster by this factor; at least 1 unless it is 0. */
export function shortened(seconds: number, timesFaster: number): number {
  return seconds === 0 ? 0 : Math.max(1, Math.round(seconds / timesFaster));
}

/** The SDL of the API with the directives of one contestant, and all lifetimes shortened alike. */
export function arrangeTypeDefs(
  typeDefs: readonly string[],
  { contestant, timesFaster }: { readonly contestant: ContestantName; readonly timesFaster: number },
): string[] {
  return typeDefs.map((text) =>
    visitFields(text, (field, type) => ({
      ...field,
      directives: directivesOf(field, { type, contestant }).map((one) => faster(one, timesFaster)),
    })),
  );
}

/** The SDL with what `change` makes of each field of an object type. */
function visitFields(
  text: string,
  change: (field: FieldDefinitionNode, type: string) => FieldDefinitionNode,
): string {
  let type = '';
  const changed = visit(parse(text), {
    ObjectTypeDefinition: (node) => void (type = node.name.value),
    ObjectTypeExtension: (node) => void (type = node.name.value),
    FieldDefinition: (field) => change(field, type),
  });
  return print(changed);
}

function directivesOf(
  field: FieldDefinitionNode,
  { type, contestant }: { readonly type: string; readonly contestant: ContestantName },
): readonly ConstDirectiveNode[] {
  const directives = field.directives ?? [];
  if (contestant === 'configured') return directives;
  const { read, write, invalidates } = arrangements[contestant];
  const cached = directives.find(({ name }) => name.value === 'cached');
  const others = directives.filter(
    ({ name }) => name.value !== 'cached' && (invalidates || name.value !== 'invalidates'),
  );
  if (cached === undefined) return others;
  const own = patternOf(cached);
  const pattern = type === 'Mutation' ? write(own) : read(own, `${type}.${field.name.value}`);
  if (pattern !== undefined) return [withPattern(cached, pattern), ...others];
  return type === 'Mutation' && invalidates ? [invalidating(cached), ...others] : others;
}

function patternOf({ arguments: given = [] }: ConstDirectiveNode): string {
  const value = given.find(({ name }) => name.value === 'pattern')?.value;
  return value?.kind === Kind.ENUM ? value.value : 'CACHE_ASIDE';
}

/** A key that names many rows is for READ_THROUGH only: by CACHE_ASIDE the list is one entry, which any film may change. */
function withPattern(cached: ConstDirectiveNode, pattern: string): ConstDirectiveNode {
  const others = (cached.arguments ?? []).filter(({ name }) => name.value !== 'pattern');
  const isList = others.some(({ value }) => value.kind === Kind.STRING && value.value === 'Movie:{args.ids}');
  const kept =
    isList && pattern === 'CACHE_ASIDE' ? others.filter(({ name }) => name.value !== 'key') : others;
  const tags = kept.length < others.length ? [argument('tags', '["Movie"]')] : [];
  return { ...cached, arguments: [argument('pattern', pattern), ...kept, ...tags] };
}

/** What ends the entry that a write would have stored. */
function invalidating(cached: ConstDirectiveNode): ConstDirectiveNode {
  const key = cached.arguments?.find(({ name }) => name.value === 'key')?.value;
  const text = key?.kind === Kind.STRING ? key.value : '';
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: 'invalidates' },
    arguments: [argument('tags', JSON.stringify([text]))],
  };
}

function faster(directive: ConstDirectiveNode, timesFaster: number): ConstDirectiveNode {
  const given = (directive.arguments ?? []).map((one) => {
    if (one.value.kind !== Kind.INT) return one;
    return argument(one.name.value, String(shortened(Number(one.value.value), timesFaster)));
  });
  return { ...directive, arguments: given };
}

function argument(name: string, value: string): ConstArgumentNode {
  return { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: name }, value: parseConstValue(value) };
}
