import { valueFromASTUntyped, type GraphQLSchema } from 'graphql';
import { isObject, listOf } from './extension-directives.js';

const FEDERATION = /^https?:\/\/specs\.apollo\.dev\/federation\//;

/**
 * The names of a directive of federation in a schema. `@link` may import it under another one; what it does not import stands behind a
 * prefix, `@federation__requires`.
 */
export function federationNames(schema: GraphQLSchema, name: string): ReadonlySet<string> {
  const names = [schema.astNode, ...schema.extensionASTNodes]
    .flatMap((node) => node?.directives ?? [])
    .filter((node) => node.name.value === 'link')
    .map((node) =>
      Object.fromEntries(
        (node.arguments ?? []).map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)]),
      ),
    )
    .filter(({ url }) => typeof url === 'string' && FEDERATION.test(url))
    .flatMap(({ as, import: imported }) => [
      `${typeof as === 'string' ? as : 'federation'}__${name}`,
      ...listOf(imported).flatMap((one) => importedAs(one, `@${name}`) ?? []),
    ]);
  // The first version knows no links.
  return new Set([name, ...names]);
}

/** Undefined where it is imported as it is, or something else is. */
function importedAs(imported: unknown, name: string): string | undefined {
  if (!isObject(imported) || imported['name'] !== name) return undefined;
  const { as } = imported;
  return typeof as === 'string' ? as.replace(/^@/, '') : undefined;
}
