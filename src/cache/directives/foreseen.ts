import { types } from 'node:util';
import { collectSubFields } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  getArgumentValues,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  visit,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql';
import type { ReadPolicy } from '../policy/read-policy.js';
import { withSources } from './graphql-versions.js';

type Arguments = Readonly<Record<string, unknown>>;
type Policies = ReadonlyMap<string, ReadPolicy>;

/** A cached field that is selected on all objects of a list. */
export interface Child {
  readonly node: FieldNode;
  readonly policy: ReadPolicy;
  argumentsFor(info: GraphQLResolveInfo): Arguments;
}

/** Objects below a value, all of one type, and the cached fields that are selected on them. */
export interface Foreseen {
  /** The properties that lead to the objects, through lists; undefined where they are the elements of the value itself. */
  readonly way: readonly string[] | undefined;
  readonly children: readonly Child[];
}

/** Where a selection stands. */
interface Place {
  readonly type: GraphQLObjectType;
  readonly nodes: readonly FieldNode[];
  readonly way: readonly string[];
  /** Whether there are many objects of it: a list was passed. */
  readonly isMany: boolean;
}

const NO_ARGUMENTS: Arguments = Object.freeze({});

/** The type of the objects that a value of this type holds or is; undefined where they can be of several types. */
export function objectTypeOf(type: GraphQLOutputType): GraphQLObjectType | undefined {
  const named = getNamedType(type);
  return isObjectType(named) ? named : undefined;
}

/** True where a value of this type leads to many objects with cached fields, through nothing but properties. */
export function canBeForeseen(type: GraphQLOutputType, policies: Policies): boolean {
  const seen = new Set<string>();
  const look = (at: GraphQLOutputType, isBelowList: boolean): boolean => {
    const object = objectTypeOf(at);
    if (object === undefined) return false;
    const isMany = isBelowList || holdsList(at);
    const visited = `${object.name} ${isMany}`;
    if (seen.has(visited)) return false;
    seen.add(visited);
    return Object.values(object.getFields()).some((field) => {
      if (policies.has(`${object.name}.${field.name}`)) return isMany;
      return isProperty(field) && look(field.type, isMany);
    });
  };
  return look(type, false);
}

/** What this field's selection asks of many objects at once: of its own elements first, then of what lies below. */
export function foreseenBelow(info: GraphQLResolveInfo, policies: Policies): readonly Foreseen[] {
  const type = objectTypeOf(info.returnType);
  if (type === undefined) return [];
  const { schema, fragments, variableValues } = info;
  const variables = withSources(variableValues);
  const isOwnList = listsIn(info.returnType) === 1;
  const below = ({ type: of, nodes, way, isMany }: Place): Foreseen[] => {
    const { fields } = collectSubFields(schema, fragments, variables, of, [...nodes]);
    const children: Child[] = [];
    const deeper: Foreseen[] = [];
    for (const selected of fields.values()) {
      const [node] = selected;
      const field = node && of.getFields()[node.name.value];
      if (node === undefined || field === undefined) continue;
      const policy = policies.get(`${of.name}.${field.name}`);
      const next = objectTypeOf(field.type);
      if (policy === undefined) {
        if (next === undefined || !isProperty(field)) continue;
        const place = { type: next, nodes: selected, way: [...way, field.name] };
        deeper.push(...below({ ...place, isMany: isMany || holdsList(field.type) }));
      } else if (isMany && policy.elementsOf === undefined) {
        // A list of entries is one read already.
        children.push({ node, policy, argumentsFor: argumentsOf(field, node) });
      }
    }
    if (children.length === 0) return deeper;
    return [{ way: isOwnList && way.length === 0 ? undefined : way, children }, ...deeper];
  };
  return below({ type, nodes: info.fieldNodes, way: [], isMany: holdsList(info.returnType) });
}

/** The objects at the end of the way, in their order; what is no object is left in, in its place. */
export function objectsAt(value: unknown, way: readonly string[]): readonly unknown[] {
  const found: unknown[] = [];
  const go = (at: unknown, step: number): void => {
    if (Array.isArray(at)) {
      for (const element of at) go(element, step);
    } else if (step === way.length) {
      found.push(at);
    } else if (typeof at === 'object' && at !== null) {
      go(ownValueOf(at, way[step] ?? ''), step + 1);
    }
  };
  go(value, 0);
  return found;
}

/** A getter may load what it answers with, and GraphQL asks it once more; so may the code of a proxy. */
function ownValueOf(object: object, name: string): unknown {
  return types.isProxy(object) ? undefined : Object.getOwnPropertyDescriptor(object, name)?.value;
}

/** What decides, besides the nodes of a field, what lies below it. */
export interface SelectedBelow {
  /** Whether `@skip` or `@include` stand anywhere below, in fragments too. */
  readonly isConditional: boolean;
  /** The fragments that are spread there: the same node may stand in documents whose fragments differ. */
  readonly fragments: readonly FragmentDefinitionNode[];
}

export function selectedBelow({ fieldNodes, fragments }: GraphQLResolveInfo): SelectedBelow {
  let isConditional = false;
  const seen = new Set<FragmentDefinitionNode>();
  const look = (root: Parameters<typeof visit>[0]): void => {
    visit(root, {
      Directive: () => void (isConditional = true),
      FragmentSpread: ({ name: { value: name } }) => {
        const fragment = fragments[name];
        if (fragment === undefined || seen.has(fragment)) return;
        seen.add(fragment);
        look(fragment);
      },
    });
  };
  for (const { selectionSet } of fieldNodes) if (selectionSet !== undefined) look(selectionSet);
  return { isConditional, fragments: [...seen] };
}

function holdsList(type: GraphQLOutputType): boolean {
  return listsIn(type) > 0;
}

/** How many lists are in each other. */
function listsIn(type: GraphQLOutputType): number {
  const list = getNullableType(type);
  return isListType(list) ? 1 + listsIn(list.ofType) : 0;
}

/** Whether its value is a property of the parent, which can be looked at without running anything. */
function isProperty({ args, resolve }: GraphQLField<unknown, unknown>): boolean {
  return args.length === 0 && (resolve === undefined || resolve === defaultFieldResolver);
}

/** Coerced once, where no variable decides; otherwise once for each list. */
function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Child['argumentsFor'] {
  if (field.args.length === 0) return () => NO_ARGUMENTS;
  let usesVariables = false;
  visit(node, { Variable: () => void (usesVariables = true), SelectionSet: () => false });
  if (usesVariables) return (info) => getArgumentValues(field, node, info.variableValues);
  const fixed = getArgumentValues(field, node);
  return () => fixed;
}
