import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEntry, FORMAT_VERSION } from '../../../../src/cache/codec/entry.js';
import { createValueCodec } from '../../../../src/cache/codec/value-codec.js';
import { decimalType } from '../../../support/stores/storable-values.js';
import { goldenHeader, goldenLongValue, goldenValue } from './golden-entries.js';

/**
 * Writes the golden files of a new format version: run it once, with tsx, after raising FORMAT_VERSION. Golden files of
 * a released version are never written again, so existing ones are refused.
 */
const codec = createValueCodec([decimalType]);
const files: readonly [string, unknown][] = [
  [`entry-v${FORMAT_VERSION}.bin`, goldenValue],
  [`entry-v${FORMAT_VERSION}-deflated.bin`, goldenLongValue],
];
for (const [name, value] of files) {
  const bytes = encodeEntry({ ...goldenHeader, payload: codec.encode(value) });
  writeFileSync(join(import.meta.dirname, name), bytes, { flag: 'wx' });
}
