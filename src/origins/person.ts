import type { ApiContext } from '../context.js';
import type { Person } from '../generated/prisma/client.js';
import { align } from './align.js';

/** People by id, in one statement. */
export const personOrigin = {
  async load(ids: readonly string[], { database }: ApiContext): Promise<(Person | null)[]> {
    const rows = await database.prisma.person.findMany({ where: { id: { in: ids.map(Number) } } });
    return align(ids, rows, (person) => person.id);
  },
};
