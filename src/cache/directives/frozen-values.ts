import {
  getNullableType,
  isListType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { isFrozenRow } from '../codec/freeze-value.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { frozenValueOf, valueOf, type Found } from '../coherence/entry-field.js';
import type { FieldCall, Resolve } from '../loads/field-call.js';
import type { Services } from '../loads/services.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import { FrozenTypes } from './frozen-types.js';
import type { SchemaPlan } from './plan-schema.js';

type Called = Pick<FieldCall, 'info'>;

export interface FrozenValuesOptions {
  readonly plan: Pick<SchemaPlan, 'reads'>;
  readonly services: Pick<Services, 'authorize'>;
  readonly codec: Pick<ValueCodec, 'copierOf' | 'isImmutable'>;
}

/** Which readers share frozen values, and what keeps these from all other code. */
export class FrozenValues {
  readonly #types: FrozenTypes;
  readonly #codec: FrozenValuesOptions['codec'];
  readonly #isOn: boolean;
  /** A schema that is made of this one may have other resolvers, which are given copies. */
  #schema: GraphQLSchema | undefined;

  constructor(schema: GraphQLSchema, { plan, services, codec }: FrozenValuesOptions) {
    this.#codec = codec;
    // It is shown the parents of all fields.
    this.#isOn = services.authorize === undefined;
    this.#types = new FrozenTypes(schema, {
      isCached: (coordinate) => plan.reads.has(coordinate),
      isImmutable: (value) => codec.isImmutable(value),
    });
  }

  belongTo(schema: GraphQLSchema): void {
    this.#schema = schema;
  }

  /** What readers of a field of this type are given of a hit: of an element where it is a list of entries. */
  valueFor({ elementsOf }: ReadPolicy, type: GraphQLOutputType): (found: Found, call: Called) => unknown {
    const whole = getNullableType(type);
    const freeze = this.#isOn
      ? this.#types.freezerOf(elementsOf !== undefined && isListType(whole) ? whole.ofType : whole)
      : undefined;
    if (freeze === undefined) return valueOf;
    return (found, { info }) =>
      info.schema === this.#schema ? frozenValueOf(found, freeze) : valueOf(found);
  }

  /** A field's own resolver is given a copy of its parent where that is shared. */
  copyingParent(resolve: Resolve<GraphQLResolveInfo>): Resolve<GraphQLResolveInfo> {
    return (call, context, notes) => {
      const { parent } = call;
      if (!isFrozenRow(parent)) return resolve(call, context, notes);
      return resolve(
        { ...call, parent: valueOf({ value: parent, copy: this.#codec.copierOf(parent) }) },
        context,
        notes,
      );
    };
  }
}
