import { getNullableType, isListType, isObjectType, isSchema, type GraphQLResolveInfo } from 'graphql';
import { freezeDeep, isShared, type Freeze } from '../codec/freeze-value.js';
import type { ValueCodec } from '../codec/value-codec.js';
import { frozenValueOf, valueOf } from '../coherence/entry-field.js';
import type { FieldCall, Resolve } from '../loads/field-call.js';
import type { Services } from '../loads/services.js';
import { createObjectNotes } from '../object-notes.js';
import type { ValueFor } from '../loads/give-hit.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import { ClosedTypes } from './closed-types.js';
import type { SchemaPlan } from './plan-schema.js';

export interface FrozenValuesOptions {
  readonly plan: Pick<SchemaPlan, 'reads'>;
  readonly services: Pick<Services, 'authorize'>;
  readonly codec: Pick<ValueCodec, 'copierOf' | 'isImmutable'>;
}

/**
 * Which readers share frozen values, and what keeps these from the resolvers of others. It is decided for the schema that is
 * executed: it may have been made of the one with the cache, and have other resolvers.
 */
export class FrozenValues {
  readonly #options: FrozenValuesOptions;
  readonly #types = new WeakMap<object, ClosedTypes>();
  /**
   * By the path of a parent, which belongs to one place in one execution: its fields share a copy. Code around the cache may
   * call one of them with another parent.
   */
  readonly #copies = createObjectNotes<{ readonly parent: object; readonly copy: unknown }>();

  constructor(options: FrozenValuesOptions) {
    this.#options = options;
  }

  /** What readers of a field are given of a hit: of an element where it is a list of entries. */
  valueFor({ coordinate, elementsOf }: ReadPolicy): ValueFor<FieldCall> {
    // `authorize` is shown the parents of all fields.
    if (this.#options.services.authorize !== undefined) return valueOf;
    let decidedFor: object | undefined;
    let freeze: Freeze | undefined;
    return (found, { info: { schema } }) => {
      if (schema !== decidedFor) {
        decidedFor = schema;
        freeze = this.#freezerOf(schema, coordinate, elementsOf !== undefined);
      }
      return freeze === undefined ? valueOf(found) : frozenValueOf(found, freeze);
    };
  }

  /** A field's own resolver is given a copy of its parent where that is shared. */
  copyingParent(resolve: Resolve<GraphQLResolveInfo>): Resolve<GraphQLResolveInfo> {
    return (call, context, notes) => {
      const { parent, info } = call;
      if (!isShared(parent)) return resolve(call, context, notes);
      // Not `{ ...call, parent }`, which takes V8 a microsecond and more: see CONTRIBUTING.md.
      const { args, ahead, onHint, told, timed } = call;
      const copied = this.#copyOf(parent, info.path.prev);
      return resolve(
        { parent: copied, args, context: call.context, info, ahead, onHint, told, timed },
        context,
        notes,
      );
    };
  }

  #copyOf(parent: object, place: object | undefined): unknown {
    const known = place && this.#copies.get(place);
    if (known?.parent === parent) return known.copy;
    const copy = valueOf({ value: parent, copy: this.#options.codec.copierOf(parent) });
    if (place !== undefined) this.#copies.set(place, { parent, copy });
    return copy;
  }

  #freezerOf(schema: unknown, coordinate: string, ofElement: boolean): Freeze | undefined {
    if (!isSchema(schema)) return undefined;
    const { plan, codec } = this.#options;
    const isImmutable = (value: object): boolean => codec.isImmutable(value);
    let types = this.#types.get(schema);
    if (types === undefined) {
      types = new ClosedTypes(schema, {
        isCached: (field) => plan.reads.has(field),
        isImmutable,
      });
      this.#types.set(schema, types);
    }
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    const parent = schema.getType(typeName);
    const type = isObjectType(parent) ? parent.getFields()[fieldName]?.type : undefined;
    if (type === undefined) return undefined;
    const whole = getNullableType(type);
    const check = types.checkOf(ofElement && isListType(whole) ? whole.ofType : whole);
    return check && ((value) => check(value) && freezeDeep(value, isImmutable));
  }
}
