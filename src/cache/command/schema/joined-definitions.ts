import { Kind, type DefinitionNode } from 'graphql';

/**
 * Definitions of several files as one schema. A type that stands in several, as `type Query` often does, is all of them together,
 * and `extend type` may stand without what it extends, as in a subgraph.
 */
export function joinedDefinitions(definitions: readonly DefinitionNode[]): readonly DefinitionNode[] {
  const defined = new Set(definitions.flatMap((one) => (isType(one) ? [one.name.value] : [])));
  const seen = new Set<string>();
  return definitions.map((definition): DefinitionNode => {
    if (isType(definition)) {
      const isFirst = !seen.has(definition.name.value);
      seen.add(definition.name.value);
      return isFirst ? definition : { ...definition, kind: EXTENSION_OF[definition.kind] };
    }
    if (!isExtension(definition) || defined.has(definition.name.value)) return definition;
    defined.add(definition.name.value);
    seen.add(definition.name.value);
    return { ...definition, kind: DEFINITION_OF[definition.kind] };
  });
}

const EXTENSION_OF = {
  [Kind.OBJECT_TYPE_DEFINITION]: Kind.OBJECT_TYPE_EXTENSION,
  [Kind.INTERFACE_TYPE_DEFINITION]: Kind.INTERFACE_TYPE_EXTENSION,
} as const;
const DEFINITION_OF = {
  [Kind.OBJECT_TYPE_EXTENSION]: Kind.OBJECT_TYPE_DEFINITION,
  [Kind.INTERFACE_TYPE_EXTENSION]: Kind.INTERFACE_TYPE_DEFINITION,
} as const;

type TypeNode = Extract<DefinitionNode, { kind: keyof typeof EXTENSION_OF }>;
type ExtensionNode = Extract<DefinitionNode, { kind: keyof typeof DEFINITION_OF }>;

function isType(node: DefinitionNode): node is TypeNode {
  return node.kind in EXTENSION_OF;
}

function isExtension(node: DefinitionNode): node is ExtensionNode {
  return node.kind in DEFINITION_OF;
}
