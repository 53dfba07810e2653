import type { GraphQLSchema } from 'graphql';
import type { Parts } from './assemble.js';
import type { CacheOptions } from './cache-options.js';
import {
  explainOperation,
  type ExplainedOperation,
  type Explanation,
} from './directives/explain-operation.js';
import { internalObjects } from './directives/internal-objects.js';
import { planSchema, writtenBehind, type SchemaPlan } from './directives/plan-schema.js';
import { schemaDigest } from './directives/schema-digest.js';
import { wrapSchema } from './directives/wrap-schema.js';
import { CacheError } from './errors.js';
import { checkWarm, checkWarmVariants } from './policy/check-warm.js';
import type { ReadPolicy } from './policy/read-policy.js';
import { switchOff } from './policy/switch-off.js';

/** What a directive says of a field that is read. */
export interface CachedField {
  readonly coordinate: string;
  readonly pattern: string;
  /** Seconds. */
  readonly ttl: number;
  readonly swr: number;
  /** The names that its entries vary by; empty for none. */
  readonly vary: readonly string[];
}

/** What became of a schema. */
export interface Applied {
  readonly schema: GraphQLSchema;
  readonly digest: string;
  readonly fields: readonly CachedField[];
  /** The namespaces of all keys and tags. */
  readonly namespaces: SchemaPlan['namespaces'];
  /** The namespaces of the keys and tags of fields that are read: `Movie` of `Movie:{args.id}`. */
  readonly namespacesRead: ReadonlySet<string>;
  /** The namespaces that are written behind. */
  readonly behind: ReadonlySet<string>;
  readonly explain: (operation: ExplainedOperation) => Explanation;
}

/** Wraps the fields of a schema as their directives say. @throws CacheError with every fault together. */
export function applySchema<Context>(
  schema: GraphQLSchema,
  { options, parts }: { readonly options: CacheOptions<Context>; readonly parts: Parts },
): Applied {
  const { services, keepWarm, originLoads } = parts;
  const plan = planOf(schema, options, parts);
  const { reads: switched, isOff, faults: switchFaults } = switchOff(plan, options.disabled ?? []);
  // Of what could not be compiled it is not known whether it is cached.
  refuse(plan.faults);
  refuse([
    ...switchFaults,
    ...checkWarm(plan.reads, Object.keys(options.warm ?? {})),
    ...(options.prefetch === false ? [] : checkWarmVariants(plan.reads, options.warmVariants)),
  ]);
  const reads = services.shadow?.switchable(switched) ?? switched;
  const policies = [...plan.reads.values()];
  services.codec.distinguish(internalObjects(schema));
  parts.prober?.follow(policies);
  parts.reporter.about(policies);
  return {
    digest: schemaDigest(schema, plan),
    fields: policies.map(describePolicy),
    namespaces: plan.namespaces,
    namespacesRead: new Set(policies.flatMap((policy) => policy.namespaces)),
    behind: writtenBehind(plan.writes),
    explain: (operation) =>
      explainOperation(
        { schema, reads, storeIsLocal: options.store.isLocal, viewerOf: services.viewerOf },
        operation,
      ),
    schema: wrapSchema(schema, {
      ...{ plan: { ...plan, reads }, services, keepWarm, originLoads, isOff },
      codec: services.codec,
      cachedResolvers: parts.plans,
    }),
  };
}

function planOf<Context>(
  schema: GraphQLSchema,
  options: CacheOptions<Context>,
  { loading, origins, loads, variants, counters, services }: Parts,
): SchemaPlan {
  return planSchema(schema, {
    origins: new Set(loading.keys()),
    flushing: new Set(
      Array.from(origins).flatMap(([name, { flush }]) => (flush === undefined ? [] : [name])),
    ),
    hasJournal: options.journal !== undefined || options.store.isLocal,
    knowsViewer: options.viewer !== undefined,
    authorizes: options.authorize !== undefined,
    fetches: options.fetches,
    softTimeoutMs: loads.softTimeoutMs,
    variants,
    varyAll: options.varyAll ?? [],
    clock: services.clock,
    countersOf: (coordinate) => counters.of(coordinate),
    onUnnamed: (coordinate, tag) =>
      services.troubles({
        level: 'error',
        message: 'a tag could not be named from the result, so it was not invalidated',
        details: { coordinate, tag },
      }),
    onUnnamedByParent: (coordinate, { tag, placeholder }) =>
      services.log.warn(
        { coordinate, tag, placeholder },
        'a tag could not be named, because the parent that was returned has no value for it (null is one), so nothing is ' +
          'stored; return it with the parent, or correct the placeholder',
      ),
  });
}

function describePolicy({ coordinate, pattern, lifetime, swrMs, vary }: ReadPolicy): CachedField {
  return { coordinate, pattern, ttl: lifetime.ttlMs / 1000, swr: swrMs / 1000, vary };
}

function refuse(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const list = faults.map((fault) => `  - ${fault}`).join('\n');
  throw new CacheError('CACHE_CONFIGURATION', `The schema's cache directives have ${count}:\n${list}`);
}
