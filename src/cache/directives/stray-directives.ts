import type { GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { nearestName } from '../nearest-name.js';
import { codeFirstUses, isObject, listOf, namedUses } from './extension-directives.js';

/** The engine's directives, each with an argument that it cannot be without, which tells it from those of others. */
const OWN = { cached: 'ttl', invalidates: 'tags' } as const;

type Extensions = Readonly<Record<string, unknown>>;

/** Faults of what was meant as a directive of the engine, and stands where no reader looks: the field would not be cached. */
export function strayDirectives(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  coordinate: string,
): string[] {
  return [
    ...misplaced(field.extensions, coordinate),
    ...withoutPlugin(field.extensions, coordinate),
    ...misspelt(schema, field, coordinate),
  ];
}

/** Faults of directives that stand on a whole type, where no reader looks. */
export function directivesOnType(
  type: GraphQLObjectType | GraphQLInterfaceType,
  isEntity: boolean,
): string[] {
  const nodes = [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? []);
  return Object.entries(OWN).flatMap(([name, argument]) => {
    const isStray = isUse(type.extensions[name], argument);
    const isThere =
      nodes.some((node) => node.name.value === name) || codeFirstUses(type.extensions, name).length > 0;
    const mayBe = name === 'cached';
    if (!isStray && (!isThere || (mayBe && isEntity))) return [];
    if (isStray && mayBe && isEntity) return [misplacedAt(name, argument, type.name)];
    const where = mayBe ? 'fields, and on types with a @key, only' : 'fields only';
    return [`@${name} on ${type.name}: stands on ${where}; move it to the fields of ${type.name}`];
  });
}

const EXTENSION = 'directives';

/** `extensions.cached`, one level too high, and `extensions.directive.cached`. */
function misplaced(extensions: Extensions, coordinate: string): string[] {
  return Object.entries(OWN).flatMap(([name, argument]) =>
    Object.entries(extensions).flatMap(([place, value]) => {
      const isTooHigh = place === name && listOf(value).some((use) => isUse(use, argument));
      const isBeside =
        place !== EXTENSION &&
        nearestName(place, [EXTENSION]) !== undefined &&
        namedUses(value).some(([named, use]) => named === name && isUse(use, argument));
      const path = isTooHigh ? name : `${place}.${name}`;
      return isTooHigh || isBeside ? [misplacedAt(name, argument, coordinate, path)] : [];
    }),
  );
}

function misplacedAt(name: string, argument: string, coordinate: string, path = name): string {
  const right = `extensions: { ${EXTENSION}: { ${name}: { ${argument}: … } } }`;
  return `@${name} on ${coordinate}: extensions.${path} is not where directives stand; write ${right}`;
}

/** Pothos keeps the option `directives` to itself, unless its plugin for directives is there. */
function withoutPlugin({ pothosOptions, [EXTENSION]: extension }: Extensions, coordinate: string): string[] {
  const option = isObject(pothosOptions) ? pothosOptions[EXTENSION] : undefined;
  const read = new Set(namedUses(extension).map(([name]) => name));
  const lost = namedUses(option).filter(([name]) => Object.hasOwn(OWN, name) && !read.has(name));
  return lost.map(
    ([name]) =>
      `@${name} on ${coordinate}: the option directives is not read without @pothos/plugin-directives; write the option ${name}: { … }`,
  );
}

/** A name that is nearly one of the engine's, and that no other directive of the schema has. */
function misspelt(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  coordinate: string,
): string[] {
  const inSdl = (field.astNode?.directives ?? []).map(({ name, arguments: given = [] }) => ({
    name: name.value,
    names: given.map((argument) => argument.name.value),
  }));
  const inExtensions = namedUses(field.extensions[EXTENSION]).map(([name, use]) => ({
    name,
    names: isObject(use) ? Object.keys(use) : [],
  }));
  return [...inSdl, ...inExtensions].flatMap(({ name, names }) => {
    if (Object.hasOwn(OWN, name) || (schema.getDirective(name) ?? undefined) !== undefined) return [];
    const meant = Object.entries(OWN).find(
      ([own, argument]) => names.includes(argument) && nearestName(name, [own]) !== undefined,
    );
    return meant === undefined
      ? []
      : [`@${name} on ${coordinate}: is not defined; did you mean @${meant[0]}?`];
  });
}

function isUse(value: unknown, argument: string): boolean {
  return isObject(value) && argument in value;
}
