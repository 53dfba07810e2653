import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';

const require = createRequire(import.meta.url);
let loading;

/**
 * Prisma's schema engine as WebAssembly: it computes migrations without the native engine, which would have to
 * be downloaded. The package leaves the loading of its .wasm file to a bundler, so this does it by hand.
 */
export async function createSchemaEngine(adapters) {
  loading ??= loadEngine();
  await loading;
  const ignoreLog = () => undefined;
  return glue.SchemaEngine.new(
    { datamodels: undefined },
    ignoreLog,
    bindMigrationAwareSqlAdapterFactory(adapters),
  );
}

async function loadEngine() {
  const folder = path.dirname(require.resolve('@prisma/schema-engine-wasm'));
  const bytes = await readFile(path.join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue });
  // Where the engine leaves its last words before it aborts; without it a panic says only "unreachable".
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message: (message) => console.error(`Prisma's schema engine gave up: ${message}`),
  };
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}
