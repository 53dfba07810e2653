import {
  getDirectiveValues,
  getNamedType,
  isCompositeType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import type { AnswerHint } from '../codec/entry.js';
import type { CacheControl } from './answer-hints.js';

/** As much as a resolver may use of `info.cacheControl` that Apollo Server's cache-control plugin gives it. */
interface WarmCacheControl extends CacheControl {
  cacheHintFromType(type: GraphQLNamedType): AnswerHint;
}

/** For a warm load: hints begin with those of the directives, as with the plugin, and are kept with the entry only. */
export function warmCacheControl(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
): WarmCacheControl {
  const cacheHintFromType = (type: GraphQLNamedType): AnswerHint =>
    isCompositeType(type) ? declaredHint(schema, type) : {};
  const cacheHint = new WarmHint({
    ...cacheHintFromType(getNamedType(field.type)),
    ...declaredHint(schema, field),
  });
  return { cacheHint, setCacheHint: (hint) => cacheHint.replace(hint), cacheHintFromType };
}

/** Changes as that of the plugin does. */
class WarmHint {
  maxAge: number | undefined;
  scope: AnswerHint['scope'];

  constructor(declared: AnswerHint) {
    this.replace(declared);
  }

  replace({ maxAge = this.maxAge, scope = this.scope }: AnswerHint): void {
    this.maxAge = maxAge;
    this.scope = scope;
  }

  restrict({ maxAge, scope }: AnswerHint): void {
    if (maxAge !== undefined) this.maxAge = Math.min(maxAge, this.maxAge ?? maxAge);
    if (this.scope !== 'PRIVATE') this.scope = scope ?? this.scope;
  }

  policyIfCacheable(): Required<AnswerHint> | null {
    const { maxAge = 0, scope = 'PUBLIC' } = this;
    return maxAge === 0 ? null : { maxAge, scope };
  }
}

/** What `@cacheControl` says there; nothing where the schema has no such directive. */
function declaredHint(
  schema: GraphQLSchema,
  { astNode }: Pick<GraphQLField<unknown, unknown>, 'astNode'> | Pick<GraphQLNamedType, 'astNode'>,
): AnswerHint {
  const directive = schema.getDirective('cacheControl');
  const values = directive && astNode ? getDirectiveValues(directive, astNode) : undefined;
  const maxAge: unknown = values?.['maxAge'];
  const scope: unknown = values?.['scope'];
  return {
    ...(typeof maxAge === 'number' && { maxAge }),
    ...((scope === 'PUBLIC' || scope === 'PRIVATE') && { scope }),
  };
}
