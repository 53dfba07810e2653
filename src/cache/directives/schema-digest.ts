import { createHash } from 'node:crypto';
import {
  getNamedType,
  isEnumType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { canonical } from '../keys/canonical.js';
import { UnkeyableValue } from '../keys/unkeyable-value.js';
import { REFERENCE } from './entity.js';
import type { SchemaPlan } from './plan-schema.js';

/** Short enough to read in a key, long enough never to meet another: 48 bits. */
const DIGEST_LENGTH = 12;

/**
 * A digest of everything that decides what an entry means: the cached fields, their keys, and the shapes of all types
 * that they can return. A deploy that changes any of it never reads what was stored before.
 */
export function schemaDigest(schema: GraphQLSchema, plan: SchemaPlan): string {
  const types = new Set<GraphQLNamedType>();
  const fields = [...plan.reads.values()].map(({ coordinate, pattern, keyText, scope, vary }) => {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    const type = schema.getType(typeName);
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[fieldName] : undefined;
    // The references of an entity have its own type.
    const isReference = fieldName === REFERENCE && type !== undefined;
    const returned = isReference ? type : field?.type;
    if (returned !== undefined) reach(schema, getNamedType(returned), types);
    // Entries of PRIVATE fields carry the tag of their viewer.
    const whose = scope === 'PRIVATE' ? ' of its viewer' : '';
    const by = vary.length === 0 ? '' : ` by ${vary.join(' ')}`;
    return `${coordinate} ${pattern} ${keyText} ${String(returned)}${whose}${by}`;
  });
  const shapes = [...types].map(shapeOf);
  const text = [...fields.sort(), ...shapes.sort()].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_LENGTH);
}

function reach(schema: GraphQLSchema, type: GraphQLNamedType, reached: Set<GraphQLNamedType>): void {
  if (reached.has(type)) return;
  reached.add(type);
  if (isUnionType(type) || isInterfaceType(type)) {
    for (const possible of schema.getPossibleTypes(type)) reach(schema, possible, reached);
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return;
  for (const field of Object.values(type.getFields())) reach(schema, getNamedType(field.type), reached);
}

/** Internal values can be anything; what has no text of its own is told apart by what kind of thing it is. */
function internalText(value: unknown): string {
  try {
    return canonical(value);
  } catch (error) {
    if (!(error instanceof UnkeyableValue)) throw error;
    return typeof value === 'object' ? Object.prototype.toString.call(value) : typeof value;
  }
}

function shapeOf(type: GraphQLNamedType): string {
  if (isObjectType(type) || isInterfaceType(type)) {
    const fields = Object.values(type.getFields()).map(({ name, type: of }) => `${name}: ${String(of)}`);
    return `${type.name} { ${fields.sort().join(', ')} }`;
  }
  if (isEnumType(type)) {
    const values = type.getValues().map(({ name, value }) => `${name} = ${internalText(value)}`);
    return `${type.name} { ${values.sort().join(', ')} }`;
  }
  if (isUnionType(type)) return `${type.name} = ${type.getTypes().map(String).sort().join(' | ')}`;
  return type.name;
}
