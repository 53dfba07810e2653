import { collectSubFields } from '@graphql-tools/utils';
import {
  getArgumentValues,
  getNullableType,
  isListType,
  isObjectType,
  visit,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql';
import type { TemplateInputs } from '../keys/template.js';
import type { Variant } from '../keys/variant.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import { createObjectNotes } from '../object-notes.js';
import { requestOf, type AheadRead } from '../loads/field-call.js';
import type { Found } from '../coherence/entry-field.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import type { Services } from '../loads/services.js';

type Arguments = Readonly<Record<string, unknown>>;

/** A cached field that is selected on every element of a list. */
interface Child {
  readonly node: FieldNode;
  readonly policy: ReadPolicy;
  argumentsFor(info: GraphQLResolveInfo): Arguments;
}

/** What was read ahead for one field of all elements, by their place in the list. */
interface ReadsOfChild {
  readonly policy: ReadPolicy;
  /** Undefined where the element has none. */
  readonly places: readonly (Located | undefined)[];
  readonly found: readonly (Found | undefined)[];
}

type ReadsOfList = Map<FieldNode, ReadsOfChild>;

const SAME = Object.freeze({ variant: undefined });
const NO_ARGUMENTS: Arguments = Object.freeze({});

/**
 * Reads what the children of a list will ask for, all at once and before the list is handed on: so that its children
 * answer with values. A promise per child costs GraphQL several times what the child itself does.
 */
export class LookAhead {
  readonly #services: Services;
  readonly #policies: ReadonlyMap<string, ReadPolicy>;
  // A document is parsed once for many requests, and one field of it can return lists of different types.
  readonly #children = new WeakMap<FieldNode, Map<GraphQLObjectType, readonly Child[]>>();
  // By the path object of the list, which belongs to one place in one execution, and is found from nowhere else.
  readonly #reads = createObjectNotes<ReadsOfList>();

  constructor(services: Services, policies: ReadonlyMap<string, ReadPolicy>) {
    this.#services = services;
    this.#policies = policies;
  }

  /** True where a field of this type returns a list whose elements have cached fields. */
  isForeseeable(type: GraphQLOutputType): boolean {
    const element = elementTypeOf(type);
    if (element === undefined) return false;
    return Object.keys(element.getFields()).some((name) => this.#policyOf(element, name) !== undefined);
  }

  /** What was read ahead for this call of a child's field; what was read for another policy is refused. */
  of(policy: ReadPolicy, { path, fieldNodes: [node] }: GraphQLResolveInfo): AheadRead | undefined {
    const list = path.prev?.prev;
    const index = path.prev?.key;
    if (list === undefined || node === undefined || typeof index !== 'number') return undefined;
    const reads = this.#reads.get(list)?.get(node);
    const place = reads?.places[index];
    if (reads === undefined || place === undefined) return undefined;
    // Made for the call, and gone with it: what lives as long as the list would have to be moved by the garbage collector.
    if (reads.policy === policy) return { policy, place, found: reads.found[index] };
    this.#services.refuse(policy, `what was read ahead for ${reads.policy.coordinate} reached it`);
    return undefined;
  }

  /** Hands on the list once the reads of its children are there. */
  handOn(list: unknown, context: unknown, info: GraphQLResolveInfo): unknown {
    if (isPromise(list)) return list.then((elements) => this.handOn(elements, context, info));
    if (!Array.isArray(list)) return list;
    const ready = this.#read(list, context, info);
    return isPromise(ready) ? ready.then(() => list) : list;
  }

  #read(parents: readonly unknown[], context: unknown, info: GraphQLResolveInfo): MaybePromise<unknown> {
    const children = this.#childrenOf(info);
    if (children.length === 0) return undefined;
    const reads: ReadsOfList = new Map();
    this.#reads.set(info.path, reads);
    const pending = children.flatMap((child) => {
      const ready = this.#readChild(child, { parents, context, info, reads });
      return isPromise(ready) ? [ready] : [];
    });
    return pending.length === 0 ? undefined : Promise.all(pending);
  }

  #readChild(
    { node, policy, argumentsFor }: Child,
    list: {
      parents: readonly unknown[];
      context: unknown;
      info: GraphQLResolveInfo;
      reads: ReadsOfList;
    },
  ): MaybePromise<void> {
    const { entries, traces, viewerOf } = this.#services;
    const args = argumentsFor(list.info);
    const viewerId = policy.usesViewer ? viewerOf(list.context) : undefined;
    const varying = variantFor(policy, list.context);
    // Each child says by itself what is wrong.
    if (varying === 'unknown') return undefined;
    const locate = (parent: unknown): Located | undefined =>
      located(policy, { args, parent, viewerId, variant: varying.variant });
    const places = list.parents.map((parent) => (isObject(parent) ? locate(parent) : undefined));
    const wanted = places.filter((place) => place !== undefined);
    if (wanted.length === 0) return undefined;
    const found = entries.find(policy, wanted, traces.of(list.context), requestOf(list.info));
    const keep = (all: Awaited<typeof found>): void => {
      list.reads.set(node, { policy, places, found: inPlace(places, all) });
    };
    return isPromise(found) ? found.then(keep) : keep(found);
  }

  /** The cached fields selected on the elements. For one type they are the same each time, unless directives decide. */
  #childrenOf(info: GraphQLResolveInfo): readonly Child[] {
    const [node] = info.fieldNodes;
    const type = elementTypeOf(info.returnType);
    if (node === undefined || type === undefined) return [];
    const ofNode = this.#children.get(node);
    const known = ofNode?.get(type);
    if (known !== undefined) return known;
    const children = this.#findChildren(type, info);
    if (info.fieldNodes.length > 1 || isConditional(info)) return children;
    if (ofNode === undefined) this.#children.set(node, new Map([[type, children]]));
    else ofNode.set(type, children);
    return children;
  }

  #findChildren(
    type: GraphQLObjectType,
    { schema, fragments, variableValues, fieldNodes }: GraphQLResolveInfo,
  ): Child[] {
    const variables = { coerced: variableValues, sources: {} };
    const { fields } = collectSubFields(schema, fragments, variables, type, [...fieldNodes]);
    return Array.from(fields.values()).flatMap(([node]) => {
      const policy = node && this.#policyOf(type, node.name.value);
      // A list of entries is one read already.
      if (node === undefined || policy === undefined || policy.elementsOf !== undefined) return [];
      return [{ node, policy, argumentsFor: argumentsOf(type, node) }];
    });
  }

  #policyOf({ name }: GraphQLObjectType, field: string): ReadPolicy | undefined {
    return this.#policies.get(`${name}.${field}`);
  }
}

/** The type of the elements where they are objects of one type; undefined for anything else, lists of lists too. */
function elementTypeOf(type: GraphQLOutputType): GraphQLObjectType | undefined {
  const list = getNullableType(type);
  const element = isListType(list) ? getNullableType(list.ofType) : undefined;
  return isObjectType(element) ? element : undefined;
}

/** What was found for those that have a place, at the places of all. */
function inPlace(
  places: readonly (Located | undefined)[],
  found: readonly (Found | undefined)[],
): readonly (Found | undefined)[] {
  if (found.length === places.length) return found;
  let next = 0;
  return places.map((place) => (place === undefined ? undefined : found[next++]));
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}

/** Coerced once, where no variable decides; otherwise once for each list. */
function argumentsOf(type: GraphQLObjectType, node: FieldNode): Child['argumentsFor'] {
  const field = type.getFields()[node.name.value];
  if (field === undefined || field.args.length === 0) return () => NO_ARGUMENTS;
  let usesVariables = false;
  visit(node, { Variable: () => void (usesVariables = true), SelectionSet: () => false });
  if (usesVariables) return (info) => getArgumentValues(field, node, info.variableValues);
  const fixed = getArgumentValues(field, node);
  return () => fixed;
}

/** The variant that all children of a list have in one request. */
function variantFor(
  { variantOf }: ReadPolicy,
  context: unknown,
): { readonly variant: Variant | undefined } | 'unknown' {
  if (variantOf === undefined) return SAME;
  try {
    return { variant: variantOf(context) };
  } catch {
    return 'unknown';
  }
}

/** The place of an entry; undefined where the field itself will say why there is none. */
function located(policy: ReadPolicy, inputs: TemplateInputs): Located | undefined {
  try {
    const place = policy.locate(inputs);
    return place.reason === undefined ? place : undefined;
  } catch {
    // The same call fails again when the field is resolved, and there the error belongs to its place in the answer.
    return undefined;
  }
}

/** Whether `@skip` or `@include` stand anywhere below, in fragments too. */
function isConditional({ fieldNodes, fragments }: GraphQLResolveInfo): boolean {
  let found = false;
  const seen = new Set<string>();
  const look = (root: Parameters<typeof visit>[0]): void => {
    visit(root, {
      Directive: () => void (found = true),
      FragmentSpread: ({ name: { value: name } }) => {
        const fragment = seen.has(name) ? undefined : fragments[name];
        seen.add(name);
        if (fragment !== undefined) look(fragment);
      },
    });
  };
  for (const { selectionSet } of fieldNodes) if (selectionSet !== undefined) look(selectionSet);
  return found;
}
