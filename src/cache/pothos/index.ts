/**
 * `graphql-corral/pothos`: the types of the options `cached` and `invalidates` of Pothos' fields and types, once it is imported. The engine
 * reads both without a plugin.
 */
import type { FieldNullability, InputFieldMap, SchemaTypes, TypeParam } from '@pothos/core';
import type { CachedOptions, InvalidatesOptions } from '../directives/code-first-options.js';

export type { CachedOptions, InvalidatesOptions } from '../directives/code-first-options.js';
export type { CachedArguments, CachePattern } from '../policy/field-site.js';

declare global {
  // Pothos' own way of extending its options. An interface is merged only with the same parameters, used or not.
  /* eslint-disable @typescript-eslint/no-unused-vars */
  export namespace PothosSchemaTypes {
    export interface FieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      ParentShape = unknown,
      Type extends TypeParam<Types> = TypeParam<Types>,
      Nullable extends FieldNullability<Type> = FieldNullability<Type>,
      Args extends InputFieldMap = InputFieldMap,
      ResolveShape = unknown,
      ResolveReturnShape = unknown,
    > {
      /** How the field is cached: the arguments of `@cached`. Default: not at all. */
      cached?: CachedOptions;
    }

    export interface ObjectTypeOptions<Types extends SchemaTypes = SchemaTypes, Shape = unknown> {
      /** Of a type with a key of a subgraph: how what its references resolve to is cached. Default: not at all. */
      cached?: CachedOptions;
    }

    export interface MutationFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > {
      /** What depends on these tags is never served again once the mutation is answered. Default: nothing. */
      invalidates?: InvalidatesOptions | readonly InvalidatesOptions[];
    }
  }
}
