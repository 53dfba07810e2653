import type * as ast from '@mrleebo/prisma-ast';
import { CacheError } from '../errors.js';

/** What is read of Prisma's own description of a schema (DMMF): of `getDMMF` of @prisma/internals, or `Prisma.dmmf` of older clients. */
export interface PrismaDatamodel {
  readonly models: readonly PrismaModel[];
  readonly enums?: readonly PrismaEnum[];
}

export interface PrismaModel {
  readonly name: string;
  /** The table, where `@@map` names one. */
  readonly dbName?: string | null;
  /** The schema, where `@@schema` names one. */
  readonly schema?: string | null;
  readonly fields: readonly PrismaField[];
  /** Of `@@id`. */
  readonly primaryKey?: { readonly fields: readonly string[] } | null;
}

export interface PrismaField {
  readonly name: string;
  /** The column, where `@map` names one. */
  readonly dbName?: string | null;
  /** `object` for a relation, which is no column. */
  readonly kind: string;
  /** An enum's name for an enum. */
  readonly type: string;
  readonly isId?: boolean;
  readonly isUnique?: boolean;
}

export interface PrismaEnum {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly dbName?: string | null }[];
}

/**
 * Reads the text of a Prisma schema; of several files, their texts one after the other. Needs the package @mrleebo/prisma-ast.
 * @throws CacheError where the package is not installed, or the text is no Prisma schema.
 */
export async function readPrismaSchema(text: string): Promise<PrismaDatamodel> {
  const { list } = await parsed(text);
  const models = list.filter((block) => block.type === 'model');
  const enums = list.filter((block) => block.type === 'enum');
  const relations = new Set(list.filter(({ type }) => type === 'model' || type === 'view').map(nameOf));
  return {
    models: models.map((model) => modelOf(model, relations)),
    enums: enums.map(({ name, enumerators }) => ({
      name,
      values: enumerators.flatMap((value) =>
        value.type === 'enumerator' ? [{ name: value.name, dbName: textOf(value.attributes, 'map') }] : [],
      ),
    })),
  };
}

async function parsed(text: string): Promise<ast.Schema> {
  let getSchema: typeof ast.getSchema;
  try {
    ({ getSchema } = await import('@mrleebo/prisma-ast'));
  } catch (cause) {
    throw new CacheError('CACHE_CONFIGURATION', notLoaded(cause), { cause });
  }
  try {
    // The parser takes no space at the end of a line that opens a block.
    return getSchema(text.replace(/[ \t\r]+$/gm, ''));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CacheError(
      'CACHE_CONFIGURATION',
      `The Prisma schema cannot be read (${reason}); correct it, or give the datamodel of \`getDMMF\`.`,
      { cause },
    );
  }
}

function nameOf(block: ast.Block): string {
  return 'name' in block ? block.name : '';
}

function modelOf({ name, properties }: ast.Model, relations: ReadonlySet<string>): PrismaModel {
  const attributes = properties.filter((property) => property.type === 'attribute');
  const fields = properties.flatMap((property): PrismaField[] => {
    if (property.type !== 'field') return [];
    const { fieldType, attributes: own } = property;
    const type = typeof fieldType === 'string' ? fieldType : fieldType.name;
    const has = (attribute: string): boolean =>
      own?.some((one) => one.name === attribute && one.group === undefined) ?? false;
    return [
      {
        name: property.name,
        dbName: textOf(own, 'map'),
        kind: relations.has(type) ? 'object' : 'scalar',
        type,
        isId: has('id'),
        isUnique: has('unique'),
      },
    ];
  });
  const id = attributes.find((attribute) => attribute.name === 'id');
  return {
    name,
    dbName: textOf(attributes, 'map'),
    schema: textOf(attributes, 'schema'),
    fields,
    primaryKey: id === undefined ? null : { fields: namesIn(argument(id, 'fields')) },
  };
}

/** The text that `@map("…")` and its like name. */
function textOf(attributes: readonly ast.Attr[] | undefined, name: string): string | null {
  const found = attributes?.find((one) => one.name === name && one.group === undefined);
  const value = found && argument(found, 'name');
  return typeof value === 'string' ? value.replace(/^"(.*)"$/, '$1') : null;
}

/** An argument that may be written with its name or, as the first one, without. */
function argument({ args = [] }: ast.Attr, name: string): unknown {
  for (const { value } of args) {
    if (typeof value !== 'object' || !('type' in value) || value.type !== 'keyValue') return value;
    if (value.key === name) return value.value;
  }
  return undefined;
}

/** Of `[a, b(sort: Desc)]`: a and b. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || !('args' in value) || !Array.isArray(value.args))
    return [];
  return value.args.flatMap((element: unknown) => {
    if (typeof element === 'string') return [element];
    const isCall = typeof element === 'object' && element !== null && 'name' in element;
    return isCall && typeof element.name === 'string' ? [element.name] : [];
  });
}

/** Why the reader of schemas could not be loaded: it is not there, or does not run here, as later versions under tsx. */
export function notLoaded(cause: unknown): string {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return isMissing
    ? 'Reading the text of a Prisma schema needs a package: npm install @mrleebo/prisma-ast@0.13. Or give the datamodel of `getDMMF`.'
    : `The package @mrleebo/prisma-ast could not be loaded (${reason}); version 0.13 loads everywhere. Or give the datamodel of \`getDMMF\`.`;
}
