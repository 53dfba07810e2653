import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyMigrations } from '../../../src/database/apply-migrations.js';
import type { Database } from '../../../src/database/database.js';
import { copiedDatabase } from './copied-database.js';
import { testLog } from '../test-log.js';

describe('a copied database', () => {
  let fills = 0;

  async function open(name: string): Promise<Database> {
    const database = await copiedDatabase(name, async ({ pool, prisma }) => {
      fills += 1;
      await applyMigrations({ pool, log: testLog() });
      await prisma.person.create({ data: { name: 'One' } });
    });
    onTestFinished(() => database.close());
    return database;
  }
  const addTwo = ({ prisma }: Database): Promise<{ id: number }> =>
    prisma.person.create({ data: { name: 'Two' }, select: { id: true } });
  const names = async ({ prisma }: Database): Promise<string[]> =>
    (await prisma.person.findMany({ orderBy: { id: 'asc' } })).map(({ name }) => name);

  it('is filled once, begins as it was filled, counts on from there, and shares nothing with the others', async () => {
    const name = `test-${randomUUID()}`;
    const first = await open(name);
    expect(await addTwo(first)).toEqual({ id: 2 });
    const second = await open(name);
    expect(await names(second)).toEqual(['One']);
    expect(await addTwo(second)).toEqual({ id: 2 });
    await first.prisma.person.deleteMany();
    expect(await names(second)).toEqual(['One', 'Two']);
    expect(await names(await open(name))).toEqual(['One']);
    expect(fills).toBe(1);
  });
});
