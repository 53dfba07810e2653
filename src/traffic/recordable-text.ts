import {
  BREAK,
  getNamedType,
  isInputObjectType,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** What arguments and input fields are called that take what must not be written down, or a document, which may hold it. */
const SECRET =
  /pass(word|phrase|code)|pwd|^pin$|otp|jwt|token|secret|credential|session|cookie|signature|e_?mail|phone|(api|private|access)_?key|authorization|^document$/i;

/**
 * A validated document as it may be written down: without comments and descriptions, which may say anything. Undefined where a field or a directive
 * in it has a place for a secret by the schema, given or not, by a literal, a variable or an input object.
 */
export function recordableText(document: DocumentNode, schema: GraphQLSchema): string | undefined {
  const types = new TypeInfo(schema);
  let isSecret = false;
  const look = (places: readonly GraphQLArgument[] | undefined): typeof BREAK | undefined => {
    isSecret = (places ?? []).some((place) => takesSecret(place, new Set()));
    return isSecret ? BREAK : undefined;
  };
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: () => look(types.getFieldDef()?.args),
      Directive: () => look(types.getDirective()?.args),
    }),
  );
  return isSecret ? undefined : print(withoutDescriptions(document));
}

function withoutDescriptions(document: DocumentNode): DocumentNode {
  const plain = (node: object): object => ({ ...node, description: undefined });
  return visit(document, {
    OperationDefinition: plain,
    VariableDefinition: plain,
    FragmentDefinition: plain,
  });
}

function takesSecret(
  { name, type }: GraphQLArgument | GraphQLInputField,
  seen: Set<GraphQLNamedType>,
): boolean {
  if (SECRET.test(name)) return true;
  const named = getNamedType(type);
  if (!isInputObjectType(named) || seen.has(named)) return false;
  seen.add(named);
  return Object.values(named.getFields()).some((field) => takesSecret(field, seen));
}
