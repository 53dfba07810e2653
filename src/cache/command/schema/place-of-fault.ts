import {
  getLocation,
  isInterfaceType,
  isObjectType,
  type ASTNode,
  type ConstDirectiveNode,
  type GraphQLSchema,
} from 'graphql';
import type { SdlFault } from './read-schema.js';

const SITE = /^@(\w+) on (\w+)(?:\.(\w+))?:/;

/** Where in the SDL a fault of the directives is: at its directive, or at the field where that is not there. */
export function placed(message: string, schema: GraphQLSchema): SdlFault {
  const [, directive = '', typeName = '', fieldName] = SITE.exec(message) ?? [];
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return at(undefined, message);
  const field = fieldName === undefined ? undefined : type.getFields()[fieldName];
  const node = field === undefined ? type.astNode : field.astNode;
  const onType = [type.astNode, ...type.extensionASTNodes].flatMap((one) => one?.directives ?? []);
  const nodes = (field === undefined ? onType : (field.astNode?.directives ?? [])).filter(
    ({ name }) => name.value === directive,
  );
  return at(named(nodes, message) ?? node ?? undefined, message);
}

/** Of several directives of a name, the one whose text the message quotes. */
function named(nodes: readonly ConstDirectiveNode[], message: string): ConstDirectiveNode | undefined {
  const quotes = Array.from(message.matchAll(/"[^"]+"/g), ([quote]) => quote);
  const textOf = ({ loc }: ASTNode): string => loc?.source.body.slice(loc.start, loc.end) ?? '';
  return nodes.find((node) => quotes.some((quote) => textOf(node).includes(quote))) ?? nodes[0];
}

function at(node: ASTNode | undefined, message: string): SdlFault {
  const { loc } = node ?? {};
  if (loc === undefined) return { file: undefined, line: undefined, column: undefined, message };
  const { line, column } = getLocation(loc.source, loc.start);
  return { file: loc.source.name, line, column, message };
}
