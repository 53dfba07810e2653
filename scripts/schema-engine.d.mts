import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';

export function createSchemaEngine(adapters: SqlMigrationAwareDriverAdapterFactory): Promise<SchemaEngine>;
