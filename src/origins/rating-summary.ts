import type { ApiContext } from '../context.js';
import type { RatingSummary } from '../generated/graphql.js';
import { align } from './align.js';

/** Rating summaries by the id of their film, in one GROUP BY. A film without ratings has a summary too. */
export const ratingSummaryOrigin = {
  async load(ids: readonly string[], { database }: ApiContext): Promise<RatingSummary[]> {
    const groups = await database.prisma.rating.groupBy({
      by: ['movieId'],
      where: { movieId: { in: ids.map(Number) } },
      _avg: { stars: true },
      _count: true,
    });
    return align(ids, groups, ({ movieId }) => movieId).map((group) => ({
      average: group?._avg.stars ?? null,
      count: group?._count ?? 0,
    }));
  },
};
