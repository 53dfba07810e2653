import { isInterfaceType, isIntrospectionType, isObjectType, type GraphQLSchema } from 'graphql';
import { planSchema, type SchemaPlan } from '../../directives/plan-schema.js';
import { readCachedType, readDirectives } from '../../directives/read-directives.js';
import { REFERENCE } from '../../directives/entity.js';
import { createFieldCounters } from '../../metrics/field-counters.js';
import type { CachedArguments } from '../../policy/field-site.js';
import { systemClock } from '../../time/clock.js';
import { createVariants } from '../../vary/vary-options.js';

/** What `createCache` would be told and SDL does not say; undefined where it is taken to fit. */
export interface AssumedOptions {
  readonly origins?: readonly string[] | undefined;
  readonly fetches?: readonly string[] | undefined;
  readonly vary?: readonly string[] | undefined;
  readonly varyAll?: readonly string[] | undefined;
}

/** The directives of one field. */
export interface DeclaredField {
  readonly coordinate: string;
  readonly cached: CachedArguments | undefined;
  readonly invalidates: readonly string[];
}

/** What the engine would make of a schema. */
export interface AssumedPlan extends SchemaPlan {
  /** Every field with a directive that could be read. */
  readonly declared: ReadonlyMap<string, DeclaredField>;
}

/** Plans a schema as `cache.apply` does, with options that fit it where they are not given. */
export function assumedPlan(schema: GraphQLSchema, options: AssumedOptions = {}): AssumedPlan {
  const declared = declaredFields(schema);
  const allCached = [...declared.values()].flatMap(({ cached }) => cached ?? []);
  const varyAll = options.varyAll ?? [...new Set(allCached.flatMap(({ sameFor = [] }) => sameFor))];
  const vary = options.vary ?? [...new Set([...allCached.flatMap((one) => one.vary ?? []), ...varyAll])];
  const log = { warn: () => undefined, error: () => undefined };
  const functions = vary.map((name) => [name, () => undefined] as const);
  const origins = options.origins === undefined ? new EveryName() : new Set(options.origins);
  const counters = createFieldCounters();
  const plan = planSchema(schema, {
    ...{ origins, flushing: origins, varyAll, fetches: options.fetches },
    ...{ hasJournal: true, knowsViewer: true, authorizes: true },
    variants: createVariants({ vary: Object.fromEntries(functions), varyAll }, log),
    clock: systemClock,
    countersOf: () => counters,
    onUnnamed: () => undefined,
    onUnnamedByParent: () => undefined,
  });
  return { ...plan, declared };
}

/** Stands for origins that are not known. */
class EveryName extends Set<string> {
  override has(): boolean {
    return true;
  }
}

function declaredFields(schema: GraphQLSchema): ReadonlyMap<string, DeclaredField> {
  const declared = new Map<string, DeclaredField>();
  const add = (field: DeclaredField): void => void declared.set(field.coordinate, field);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !(isObjectType(type) || isInterfaceType(type))) continue;
    const ofType = isObjectType(type) ? readCachedType(schema, type)?.cached : undefined;
    if (ofType !== undefined)
      add({ coordinate: `${type.name}.${REFERENCE}`, cached: ofType, invalidates: [] });
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const { cached, invalidates } = readDirectives(schema, field, coordinate);
      if (cached !== undefined || invalidates !== undefined)
        add({ coordinate, cached, invalidates: invalidates ?? [] });
    }
  }
  return declared;
}
