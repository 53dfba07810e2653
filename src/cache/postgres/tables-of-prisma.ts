import {
  readPrismaSchema,
  type PrismaDatamodel,
  type PrismaEnum,
  type PrismaModel,
} from './prisma-datamodel.js';
import type { TableMapping } from './tables.js';

/**
 * The mapping of a Prisma schema, by the names of its models: tables and columns behind `@@map` and `@map`, composite ids,
 * mapped values of enums, schemas. Tags may use the names of fields. A model that no entry uses is not watched. Give it the
 * text of the schema (needs the package @mrleebo/prisma-ast), or the datamodel of `getDMMF`.
 * @throws CacheError CACHE_CONFIGURATION where the text cannot be read.
 */
export async function tablesOfPrisma(
  source: string | PrismaDatamodel,
): Promise<Readonly<Record<string, TableMapping>>> {
  const { models, enums = [] } = typeof source === 'string' ? await readPrismaSchema(source) : source;
  return Object.fromEntries(models.map((model) => [model.name, mappingOf(model, enums)]));
}

function mappingOf(
  { name, dbName, schema, fields, primaryKey }: PrismaModel,
  enums: readonly PrismaEnum[],
): TableMapping {
  const scalars = fields.filter(({ kind }) => kind !== 'object');
  const columnOf = (named: string): string => scalars.find((field) => field.name === named)?.dbName ?? named;
  const columns = scalars.flatMap((field) =>
    typeof field.dbName === 'string' && field.dbName !== field.name ? [[field.name, field.dbName]] : [],
  );
  const values = scalars.flatMap((field) => {
    const mapped = enums
      .find((one) => one.name === field.type)
      ?.values.flatMap((value) => (typeof value.dbName === 'string' ? [[value.dbName, value.name]] : []));
    return mapped === undefined || mapped.length === 0
      ? []
      : [[columnOf(field.name), Object.fromEntries(mapped)]];
  });
  // A model without an id has a unique field, by which Prisma finds its rows.
  const id =
    primaryKey?.fields ??
    [scalars.find(({ isId }) => isId) ?? scalars.find(({ isUnique }) => isUnique)].flatMap(
      (field) => field?.name ?? [],
    );
  return {
    table: dbName ?? name,
    ...(typeof schema === 'string' && { schema }),
    ...(id.length > 0 && { id: id.map(columnOf) }),
    ...(columns.length > 0 && { columns: Object.fromEntries(columns) }),
    ...(values.length > 0 && { values: Object.fromEntries(values) }),
    onlyIfUsed: true,
  };
}
