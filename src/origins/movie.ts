import type { ApiContext } from '../context.js';
import type { Movie } from '../generated/prisma/client.js';
import { align } from './align.js';

/** Films by id, in one statement. */
export const movieOrigin = {
  async load(ids: readonly string[], { database }: ApiContext): Promise<(Movie | null)[]> {
    const rows = await database.prisma.movie.findMany({ where: { id: { in: ids.map(Number) } } });
    return align(ids, rows, (movie) => movie.id);
  },
};
