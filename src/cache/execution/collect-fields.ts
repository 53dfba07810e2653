import {
  isAbstractType,
  isObjectType,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionSetNode,
} from 'graphql';
import { conditionOf } from './conditions.js';

export interface CollectOptions {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** What a variable is that decides about parts of the document. */
  readonly isTrue: (variable: string) => boolean;
}

/** The fields that selections have on one type, by the name of their answer and in its order; as in the specification. */
export function collectFields(
  options: CollectOptions,
  type: GraphQLObjectType,
  selectionSets: readonly (SelectionSetNode | undefined)[],
): Map<string, FieldNode[]> {
  const found = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const add = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === 'FragmentSpread') {
        const name = selection.name.value;
        if (visited.has(name) || !isIncluded(selection.directives, options)) continue;
        visited.add(name);
        const fragment = options.fragments[name];
        if (fragment !== undefined && isFor(type, fragment, options.schema)) add(fragment.selectionSet);
      } else if (isIncluded(selection.directives, options)) {
        if (selection.kind === 'InlineFragment') {
          if (isFor(type, selection, options.schema)) add(selection.selectionSet);
        } else {
          const name = selection.alias?.value ?? selection.name.value;
          const nodes = found.get(name);
          if (nodes === undefined) found.set(name, [selection]);
          else nodes.push(selection);
        }
      }
    }
  };
  for (const selectionSet of selectionSets) if (selectionSet !== undefined) add(selectionSet);
  return found;
}

function isIncluded(directives: readonly DirectiveNode[] | undefined, options: CollectOptions): boolean {
  if (directives === undefined || directives.length === 0) return true;
  return !holds('skip', directives, options, false) && holds('include', directives, options, true);
}

function holds(
  name: 'skip' | 'include',
  directives: readonly DirectiveNode[],
  { isTrue }: CollectOptions,
  otherwise: boolean,
): boolean {
  const directive = directives.find((one) => one.name.value === name);
  const condition = directive && conditionOf(directive);
  if (condition === undefined) return otherwise;
  return typeof condition === 'boolean' ? condition : isTrue(condition.variable);
}

function isFor(
  type: GraphQLObjectType,
  { typeCondition }: Pick<InlineFragmentNode | FragmentDefinitionNode, 'typeCondition'>,
  schema: GraphQLSchema,
): boolean {
  if (typeCondition === undefined) return true;
  const condition = schema.getType(typeCondition.name.value);
  if (isObjectType(condition)) return condition === type;
  return isAbstractType(condition) && schema.isSubType(condition, type);
}
