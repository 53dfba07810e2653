import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Api } from '../../src/start/api.js';
import type { Database } from '../../src/database/database.js';
import { packageRoot } from '../../src/start/package-root.js';
import { apiOver, post, seededDatabase } from '../support/worlds/seeded-api.js';

const readme = readFileSync(path.join(packageRoot, 'README.md'), 'utf8');
const [, section = ''] = readme.split('## A first query');
const [, query = ''] = /```graphql\n([^]*?)```/.exec(section) ?? [];
const [, answer = ''] = /```json\n([^]*?)```/.exec(section) ?? [];

describe('the first query of the README', () => {
  let database: Database;
  let api: Api;
  beforeAll(async () => {
    database = await seededDatabase();
    api = await apiOver(database);
  }, 120_000);
  afterAll(async () => {
    await api.close();
    await database.close();
  });

  it('has the answer that stands there', async () => {
    expect(JSON.parse(await post(api, query))).toEqual(JSON.parse(answer));
  });

  it('is the one that the curl command sends', () => {
    const [, body = ''] = /-d '(\{.*\})'/.exec(section) ?? [];
    const sent: unknown = JSON.parse(body);
    expect(sent).toEqual({ query: query.replace(/\s+/g, ' ').trim() });
  });
});
