import { notLoaded } from '../../../src/cache/postgres/prisma-datamodel.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tablesOfPrisma } from '../../../src/cache/postgres/index.js';

const schema = `
generator client {
  provider = "prisma-client"
}

// A space after a brace, comments and attributes of all kinds.
enum Role { 
  ADMIN  @map("admin")
  MEMBER
}

model Account {
  tenantId Int    @map("tenant_id")
  number   Int
  role     Role   @default(MEMBER) @map("role_of") // why not
  ownerId  String @db.Uuid
  owner    Owner  @relation(fields: [ownerId], references: [id])

  @@id([tenantId, number(sort: Desc)], map: "accounts_key")
  @@index([ownerId])
  @@map("accounts")
  @@schema("billing")
}

/// One per person.
model Owner {
  id       String    @id @default(uuid()) @map("owner_id") @db.Uuid
  accounts Account[]

  @@map(name: "owners")
}

model Code {
  text String @unique
}
`;
const mapping = {
  Account: {
    table: 'accounts',
    schema: 'billing',
    id: ['tenant_id', 'number'],
    columns: { tenantId: 'tenant_id', role: 'role_of' },
    values: { role_of: { admin: 'ADMIN' } },
    onlyIfUsed: true,
  },
  Owner: { table: 'owners', id: ['owner_id'], columns: { id: 'owner_id' }, onlyIfUsed: true },
  Code: { table: 'Code', id: ['text'], onlyIfUsed: true },
};

describe('the mapping of a Prisma schema', () => {
  it('is made from its text', async () => {
    expect(await tablesOfPrisma(schema)).toEqual(mapping);
    expect(await tablesOfPrisma(schema.replaceAll('\n', '\r\n'))).toEqual(mapping);
  });

  it('is made from the datamodel of Prisma itself', async () => {
    const field = (name: string, dbName: string | null = null, more: object = {}) => ({
      ...{ name, dbName, kind: 'scalar', type: 'String', isId: false, isUnique: false },
      ...more,
    });
    const datamodel = {
      enums: [
        {
          name: 'Role',
          values: [
            { name: 'ADMIN', dbName: 'admin' },
            { name: 'MEMBER', dbName: null },
          ],
        },
      ],
      models: [
        {
          ...{ name: 'Account', dbName: 'accounts', schema: 'billing' },
          fields: [
            ...[
              field('tenantId', 'tenant_id'),
              field('number'),
              field('role', 'role_of', { kind: 'enum', type: 'Role' }),
            ],
            ...[field('ownerId'), field('owner', null, { kind: 'object', type: 'Owner' })],
          ],
          primaryKey: { fields: ['tenantId', 'number'] },
        },
        {
          ...{ name: 'Owner', dbName: 'owners', schema: null, primaryKey: null },
          fields: [
            field('id', 'owner_id', { isId: true }),
            field('accounts', null, { kind: 'object', type: 'Account' }),
          ],
        },
        { name: 'Code', dbName: null, primaryKey: null, fields: [field('text', null, { isUnique: true })] },
      ],
    };
    expect(await tablesOfPrisma(datamodel)).toEqual(mapping);
  });

  it('is one line for each model of the film API, which maps nothing', async () => {
    const films = await tablesOfPrisma(readFileSync('prisma/schema.prisma', 'utf8'));
    expect(films).toMatchObject({
      Movie: { table: 'Movie', id: ['id'] },
      Rating: { table: 'Rating', id: ['userId', 'movieId'] },
      Session: { table: 'Session', id: ['tokenHash'] },
    });
  });

  it('cannot be made from anything else, as a sentence says', async () => {
    await expect(tablesOfPrisma('model {')).rejects.toThrow(/^The Prisma schema cannot be read \(.*getDMMF/s);
  });

  it.each([
    ['ERR_MODULE_NOT_FOUND', 'needs a package: npm install @mrleebo/prisma-ast@0.13'],
    ['ERR_PACKAGE_PATH_NOT_EXPORTED', 'could not be loaded (it is broken); version 0.13 loads everywhere'],
  ])('says of a reader of schemas that fails with %s what to do', (code, sentence) => {
    expect(notLoaded(Object.assign(new Error('it is broken'), { code }))).toContain(sentence);
  });
});
