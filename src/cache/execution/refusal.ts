import type {
  DirectiveNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
  TypeNode,
} from 'graphql';
import { conditionOf } from './conditions.js';

/** Why an operation is left to graphql-js. */
export type Refusal =
  | 'not a query'
  | 'introspection'
  | 'a directive other than skip and include'
  | 'a condition that is no Boolean'
  | 'too many conditions'
  | 'a name with a meaning of its own'
  | 'too large';

/** Selections in selections; the call stack has an end. */
const MAX_DEPTH = 200;
/** More of them would make more than 64 variants of one document. */
const MAX_CONDITIONS = 6;

export interface Looked {
  readonly refusal: Refusal | undefined;
  /** The variables that decide about parts of the document. */
  readonly conditions: readonly string[];
}

/**
 * Looks at all that an operation can reach, each fragment once, and no further than `maxNodes`: whether it is of the kind
 * that was proven to be answered alike.
 */
export function lookAt(
  operation: OperationDefinitionNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
  maxNodes: number,
): Looked {
  const look = new Look(operation, fragments, maxNodes);
  const refusal = look.refusal();
  return { refusal, conditions: [...look.conditions] };
}

class Look {
  readonly conditions = new Set<string>();
  readonly #operation: OperationDefinitionNode;
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly #maxNodes: number;
  readonly #seen = new Set<string>();
  #nodes = 0;
  #depth = 0;

  constructor(
    operation: OperationDefinitionNode,
    fragments: Readonly<Record<string, FragmentDefinitionNode>>,
    maxNodes: number,
  ) {
    this.#operation = operation;
    this.#fragments = fragments;
    this.#maxNodes = maxNodes;
  }

  refusal(): Refusal | undefined {
    const { operation, directives, selectionSet, variableDefinitions = [] } = this.#operation;
    if (operation !== 'query') return 'not a query';
    this.#nodes += variableDefinitions.length;
    if (isAny(directives) || variableDefinitions.some((variable) => isAny(variable.directives))) {
      return 'a directive other than skip and include';
    }
    const found = this.#ofSelections(selectionSet);
    if (found !== undefined) return found;
    if (this.conditions.size > MAX_CONDITIONS) return 'too many conditions';
    const areBoolean = [...this.conditions].every((name) =>
      variableDefinitions.some(({ variable, type }) => variable.name.value === name && isBoolean(type)),
    );
    return areBoolean ? undefined : 'a condition that is no Boolean';
  }

  #ofSelections(selectionSet: SelectionSetNode): Refusal | undefined {
    if (this.#depth === MAX_DEPTH) return 'too large';
    this.#depth += 1;
    const found = this.#ofEach(selectionSet);
    this.#depth -= 1;
    return found;
  }

  #ofEach({ selections }: SelectionSetNode): Refusal | undefined {
    for (const selection of selections) {
      this.#nodes += 1;
      if (this.#nodes > this.#maxNodes) return 'too large';
      const found = this.#ofDirectives(selection.directives) ?? this.#ofSelection(selection);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #ofSelection(selection: SelectionSetNode['selections'][number]): Refusal | undefined {
    if (selection.kind === 'InlineFragment') return this.#ofSelections(selection.selectionSet);
    if (selection.kind === 'FragmentSpread') return this.#ofFragment(selection.name.value);
    const name = selection.name.value;
    if (name === '__schema' || name === '__type') return 'introspection';
    // `then` makes graphql-js take a part of the answer for a promise.
    const responseName = selection.alias?.value ?? name;
    if (responseName === 'then' || (responseName.startsWith('__') && responseName !== '__typename')) {
      return 'a name with a meaning of its own';
    }
    this.#nodes += selection.arguments?.length ?? 0;
    return selection.selectionSet && this.#ofSelections(selection.selectionSet);
  }

  #ofFragment(name: string): Refusal | undefined {
    const fragment = this.#fragments[name];
    if (fragment === undefined || this.#seen.has(name)) return undefined;
    this.#seen.add(name);
    if (isAny(fragment.directives)) return 'a directive other than skip and include';
    return this.#ofSelections(fragment.selectionSet);
  }

  #ofDirectives(directives: readonly DirectiveNode[] = []): Refusal | undefined {
    for (const directive of directives) {
      const name = directive.name.value;
      if (name !== 'skip' && name !== 'include') return 'a directive other than skip and include';
      const condition = conditionOf(directive);
      if (condition === undefined) return 'a condition that is no Boolean';
      if (typeof condition === 'object') this.conditions.add(condition.variable);
    }
    return undefined;
  }
}

function isAny(directives: readonly DirectiveNode[] | undefined): boolean {
  return directives !== undefined && directives.length > 0;
}

function isBoolean(type: TypeNode): boolean {
  const named = type.kind === 'NonNullType' ? type.type : type;
  return named.kind === 'NamedType' && named.name.value === 'Boolean';
}
