import { addExtension, Packr } from 'msgpackr';
import {
  BYTES,
  builtInNames,
  LONE_SURROGATES,
  NEGATIVE_ZERO,
  PartsLeft,
  requireStorable,
  storable,
  TooManyParts,
  TypedValue,
  UnstorableValue,
} from './storable.js';
import { createCopiers, type CopyValue } from './copy-value.js';
import { heapSize } from './heap-size.js';
import { requireFaithful } from './require-faithful.js';
import type { ValueType } from './value-type.js';

/** Turns values into bytes and back, with Dates, BigInts, Bytes and registered types intact. */
export interface ValueCodec {
  /** @throws UnstorableValue when the value would not come back as what it was. */
  encode(value: unknown): Buffer;
  /** @throws Error when the bytes are not what `encode` writes; the caller treats that as a miss. */
  decode(bytes: Uint8Array): unknown;
  /**
   * Encodes a value, and compares it with what comes back.
   * @throws UnstorableValue where that is not what it was.
   * @throws TooManyParts where it has more than `mostParts`; unlimited where that is not said.
   */
  encodeFaithfully(value: unknown, mostParts?: number): { readonly bytes: Buffer; readonly decoded: unknown };
  /** How each reader of a decoded value gets one of its own; undefined where it cannot be changed. */
  copierOf(value: unknown): CopyValue | undefined;
  /** Whether it is an instance of a registered type that no reader can change. */
  isImmutable(value: object): boolean;
  /** About the bytes of memory that a decoded value takes; not for every hit, as it looks at all of the value. */
  heapSize(value: unknown): number;
  /** From now on values that hold one of these very objects are unstorable: a copy of it would not be it. */
  distinguish(objects: Iterable<object>): void;
  /** Whether it is one of those. */
  isDistinct(object: object): boolean;
}

const EXTENSION_TYPE = 0x54;

// Rows without record definitions: a single row is nearly twice as fast to read, and every payload stands alone.
const packr = new Packr({
  useRecords: false,
  encodeUndefinedAsNil: false,
  useBigIntExtension: true,
  int64AsType: 'bigint',
  copyBuffers: true,
});

// msgpackr registers extensions once per process, so each codec names its types for the time of one decode.
// Decoding is synchronous: nothing can come in between.
let decodingTypes: ReadonlyMap<string, ValueType> = new Map();

addExtension({
  Class: TypedValue,
  type: EXTENSION_TYPE,
  write: (value: TypedValue) => [value.name, value.content],
  read: revive,
});

function revive(parts: unknown): unknown {
  if (!Array.isArray(parts)) throw new Error('a typed value without a name');
  const [name, content] = parts as readonly unknown[];
  if (name === NEGATIVE_ZERO) return -0;
  if (name === BYTES && content instanceof Uint8Array) return Uint8Array.from(content);
  if (name === LONE_SURROGATES && content instanceof Uint8Array)
    return Buffer.from(content).toString('utf16le');
  const type = typeof name === 'string' ? decodingTypes.get(name) : undefined;
  if (type === undefined || typeof content !== 'string') throw new Error('a typed value of an unknown type');
  try {
    return type.decode(content);
  } catch (error) {
    throw new UnstorableValue(`a value that the type ${type.name} cannot decode`, 'some place', error);
  }
}

/** A codec for the built-in types and `types`. @throws Error when two types share a name. */
export function createValueCodec(types: readonly ValueType[] = []): ValueCodec {
  const byName = new Map(types.map((type) => [type.name, type]));
  if (byName.size !== types.length || types.some((type) => builtInNames.has(type.name))) {
    throw new Error('types: every value type needs a name of its own');
  }
  const distinct = new Set<object>();
  const faithfulness = { types, distinct };
  const encode = (value: unknown, mostParts = Infinity): Buffer =>
    unlessUnstorable(() => packr.pack(storable(value, { types, parts: new PartsLeft(mostParts) })));
  const decode = (bytes: Uint8Array): unknown => {
    decodingTypes = byName;
    const value: unknown = packr.unpack(bytes);
    requireStorable(value, types);
    return value;
  };
  return {
    encode: (value) => encode(value),
    decode,
    encodeFaithfully: (value, mostParts) =>
      unlessUnstorable(() => {
        const bytes = encode(value, mostParts);
        const decoded = decode(bytes);
        requireFaithful(value, decoded, faithfulness);
        return { bytes, decoded };
      }),
    copierOf: createCopiers(types),
    isImmutable: (value) => types.find((type) => type.is(value))?.isImmutable === true,
    heapSize: (value) => heapSize(value, types),
    distinguish: (objects) => {
      for (const object of objects) distinct.add(object);
    },
    isDistinct: (object) => distinct.has(object),
  };
}

/** What the code of types or of the encoder throws is no trouble of a store: it is about the value. */
function unlessUnstorable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnstorableValue || error instanceof TooManyParts) throw error;
    throw new UnstorableValue(
      'a value that cannot be encoded, or not be decoded again,',
      'some place',
      error,
    );
  }
}
