import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntry,
  DEFLATE_ABOVE_BYTES,
  encodeEntry,
  FORMAT_VERSION,
  MAX_TAGS,
  type Entry,
} from '../../../src/cache/codec/entry.js';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import { decimalType } from '../../support/stores/storable-values.js';
import { goldenHeader, goldenLongValue, goldenValue } from './golden/golden-entries.js';

const MAX_BYTES = 102_400;
const U32_MAX = 0xffff_ffff;

const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
  fc.constantFrom('Movie:42', 'a\nb', '\0', 'é😀', 'x'.repeat(240)),
);
const generation = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-'), minLength: 1, maxLength: 24 });

const entry: fc.Arbitrary<Entry> = fc.record(
  {
    key,
    generations: fc.array(generation, { maxLength: MAX_TAGS + 1 }),
    loadedAtMs: fc.integer({ min: 0, max: 8.64e15 }),
    freshForMs: fc.integer({ min: 1, max: U32_MAX }),
    loadMs: fc.integer({ min: 0, max: U32_MAX }),
    payload: fc.uint8Array({ maxLength: 200 }),
  },
  { noNullPrototype: true },
);

function plain(read: Entry | undefined): unknown {
  if (read === undefined) return undefined;
  const { hint, payload, ...header } = read;
  return { ...header, ...(hint && { hint }), payload: Uint8Array.from(payload) };
}

describe('an entry', () => {
  it('comes back as it was', () => {
    const property = fc.property(entry, (written) => {
      const read = decodeEntry(encodeEntry(written), written.key, MAX_BYTES);
      return isDeepStrictEqual(plain(read), written);
    });
    fc.assert(property, { numRuns: 5000 });
  });

  it('counts no time below zero, as a clock that is set back would have it', () => {
    const written = { ...goldenHeader, payload: Buffer.from('x'), loadMs: -1, freshForMs: -0.6 };
    const read = decodeEntry(encodeEntry(written), written.key, MAX_BYTES);
    expect(read).toMatchObject({ loadMs: 0, freshForMs: 0 });
  });

  it('comes back as it was when its payload is deflated, and when deflating does not help', () => {
    const repeated = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 50 }),
      fc.integer({ min: 0, max: 400 }),
    );
    const payload = fc.oneof(
      repeated.map(([bytes, times]) =>
        Uint8Array.from(Buffer.concat(Array.from({ length: times }, () => bytes))),
      ),
      fc.uint8Array({
        minLength: DEFLATE_ABOVE_BYTES - 2,
        maxLength: DEFLATE_ABOVE_BYTES + 200,
        size: 'max',
      }),
    );
    const property = fc.property(entry, payload, (header, bytes) => {
      const written = { ...header, payload: bytes };
      const stored = encodeEntry(written);
      expect(stored.length).toBeLessThanOrEqual(
        encodeEntry({ ...header, payload: new Uint8Array() }).length + bytes.length,
      );
      expect(isDeepStrictEqual(plain(decodeEntry(stored, header.key, MAX_BYTES)), written)).toBe(true);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('is read from the middle of a larger buffer, as a network client hands it over', () => {
    const written = { ...goldenHeader, payload: Uint8Array.of(1, 2, 3) };
    const stored = encodeEntry(written);
    const surrounded = Buffer.concat([Buffer.alloc(7, 0xff), stored, Buffer.alloc(7, 0xff)]);
    const view = new Uint8Array(surrounded.buffer, surrounded.byteOffset + 7, stored.length);
    expect(plain(decodeEntry(view, written.key, MAX_BYTES))).toStrictEqual(written);
  });
});

describe('bytes that are not an entry of this key', () => {
  const written = { ...goldenHeader, payload: Uint8Array.of(1, 2, 3) };
  const stored = encodeEntry(written);
  const changed = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(stored);
    copy[at] = byte;
    return copy;
  };

  it.each([
    '',
    'Movie:43',
    `${goldenHeader.key} `,
    goldenHeader.key.slice(0, -1),
    goldenHeader.key.toUpperCase(),
  ])('are a miss when they echo another key than "%s"', (asked) => {
    expect(decodeEntry(stored, asked, MAX_BYTES)).toBeUndefined();
  });

  it('are a miss when they are of another format version', () => {
    for (let version = 0; version < 256; version += 1) {
      const read = decodeEntry(changed(0, version), written.key, MAX_BYTES);
      expect(read !== undefined).toBe(version === FORMAT_VERSION);
    }
  });

  it('are a miss when they carry flags that nobody wrote', () => {
    for (let flags = 2; flags < 256; flags += 1) {
      expect(decodeEntry(changed(1, flags), written.key, MAX_BYTES)).toBeUndefined();
    }
  });

  it('are a miss when they claim to be deflated and are not', () => {
    expect(decodeEntry(changed(1, 1), written.key, MAX_BYTES)).toBeUndefined();
  });

  it('are a miss when they would inflate beyond what the field may store', () => {
    const deflated = (length: number): Buffer =>
      Buffer.concat([changed(1, 1).subarray(0, -3), deflateRawSync(Buffer.alloc(length))]);
    expect(decodeEntry(deflated(MAX_BYTES), written.key, MAX_BYTES)?.payload).toHaveLength(MAX_BYTES);
    expect(decodeEntry(deflated(MAX_BYTES + 1), written.key, MAX_BYTES)).toBeUndefined();
    expect(decodeEntry(deflated(200 * 1024 * 1024), written.key, MAX_BYTES)).toBeUndefined();
  });

  it('are a miss, and never an error, wherever they are cut off', () => {
    const property = fc.property(entry, (whole) => {
      const bytes = encodeEntry(whole);
      const headerBytes = bytes.length - whole.payload.length;
      for (let length = 0; length < bytes.length; length += 1) {
        const read = decodeEntry(bytes.subarray(0, length), whole.key, MAX_BYTES);
        // Within the payload the envelope cannot tell; the codec can (see the tests of coherence/entries).
        if (length < headerBytes) expect(read).toBeUndefined();
        else
          expect(plain(read)).toStrictEqual({
            ...whole,
            payload: whole.payload.slice(0, length - headerBytes),
          });
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('never throw, and never echo another key, whichever bytes are flipped', () => {
    const flip = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const property = fc.property(entry, fc.array(flip, { minLength: 1, maxLength: 3 }), (whole, flips) => {
      const bytes = encodeEntry(whole);
      for (const [at, mask] of flips) flipBits(bytes, at % bytes.length, mask);
      const read = decodeEntry(bytes, whole.key, MAX_BYTES);
      expect(read?.key ?? whole.key).toBe(whole.key);
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it('never throw when they are noise', () => {
    const noise = fc.uint8Array({ maxLength: 300, size: 'max' });
    const property = fc.property(noise, fc.boolean(), (bytes, versioned) => {
      if (versioned && bytes.length > 0) bytes[0] = FORMAT_VERSION;
      expect(decodeEntry(bytes, 'Movie:42', MAX_BYTES)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 5000 });
  });
});

function flipBits(bytes: Buffer, at: number, mask: number): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
}

describe('golden files', () => {
  const codec = createValueCodec([decimalType]);
  const golden = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'golden', name));

  it.each([
    ['entry-v2.bin', goldenValue],
    ['entry-v2-deflated.bin', goldenLongValue],
  ])('hold what they held when they were written: %s', (name, value) => {
    const { payload, ...header } = decodeEntry(golden(name), goldenHeader.key, MAX_BYTES) ?? {};
    expect(header).toStrictEqual({ hint: undefined, ...goldenHeader });
    expect(isDeepStrictEqual(codec.decode(payload ?? Buffer.alloc(0)), value)).toBe(true);
  });

  it.each(['entry-v1.bin', 'entry-v1-deflated.bin'])('of an earlier version are a miss: %s', (name) => {
    expect(decodeEntry(golden(name), goldenHeader.key, MAX_BYTES)).toBeUndefined();
  });

  it('are what is written today: other bytes need a higher FORMAT_VERSION and a golden file of their own', () => {
    const written = encodeEntry({ ...goldenHeader, payload: codec.encode(goldenValue) });
    expect(written.toString('hex')).toBe(golden(`entry-v${FORMAT_VERSION}.bin`).toString('hex'));
  });

  it('would notice another byte anywhere', () => {
    const bytes = golden('entry-v2.bin');
    for (let at = 0; at < bytes.length; at += 1) {
      const copy = Buffer.from(bytes);
      flipBits(copy, at, 1);
      expect(copy.equals(encodeEntry({ ...goldenHeader, payload: codec.encode(goldenValue) }))).toBe(false);
    }
  });
});
