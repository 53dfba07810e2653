import { isInterfaceType, isIntrospectionType, isObjectType, type GraphQLSchema } from 'graphql';
import type { InvalidationPolicy } from '../patterns/invalidates.js';
import type { ReadPolicy } from '../patterns/read-policy.js';
import { checkSharedKeys, type KeyUse } from '../policy/check-shared-keys.js';
import {
  compileInvalidation,
  undeclaredInvalidation,
  type InvalidationOptions,
} from '../policy/compile-invalidation.js';
import { compileReadPolicy, type CompileOptions } from '../policy/compile-read-policy.js';
import { describeField } from './describe-field.js';
import { readDirectives } from './read-directives.js';

/** Every policy of a schema, by coordinate, or every fault. */
export interface SchemaPlan {
  readonly reads: ReadonlyMap<string, ReadPolicy>;
  /** Of every mutation; those without a directive invalidate nothing by themselves. */
  readonly invalidations: ReadonlyMap<string, InvalidationPolicy>;
  /** Whole sentences, in the order of the schema. */
  readonly faults: readonly string[];
}

/** Compiles all directives of a schema. Nothing is thrown: faults are collected, so that they are reported together. */
export function planSchema(schema: GraphQLSchema, options: CompileOptions & InvalidationOptions): SchemaPlan {
  const reads = new Map<string, ReadPolicy>();
  const invalidations = new Map<string, InvalidationPolicy>();
  const faults: string[] = [];
  const keyUses: KeyUse[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !(isObjectType(type) || isInterfaceType(type))) continue;
    for (const field of Object.values(type.getFields())) {
      const site = describeField(schema, type, field);
      const { coordinate } = site;
      const directives = readDirectives(schema, field, coordinate);
      faults.push(...directives.faults);
      if (directives.cached !== undefined) {
        const compiled = compileReadPolicy(site, directives.cached, options);
        faults.push(...compiled.faults.map((fault) => `@cached on ${coordinate}: ${fault}`));
        if (compiled.policy !== undefined) reads.set(coordinate, compiled.policy);
        if (compiled.keyUse !== undefined) keyUses.push(compiled.keyUse);
      }
      if (directives.invalidates !== undefined) {
        const compiled = compileInvalidation(site, directives.invalidates, options);
        faults.push(...compiled.faults.map((fault) => `@invalidates on ${coordinate}: ${fault}`));
        if (compiled.policy !== undefined) invalidations.set(coordinate, compiled.policy);
      } else if (site.kind === 'mutation') {
        invalidations.set(coordinate, undeclaredInvalidation(coordinate, options));
      }
    }
  }
  faults.push(...checkSharedKeys(keyUses));
  return { reads, invalidations, faults };
}
