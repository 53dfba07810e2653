import { requireViewer } from '../accounts/require-viewer.js';
import type { QueryResolvers } from '../generated/graphql.js';
import { continueWatching } from './continue-watching.js';
import { grossByYear } from './gross-by-year.js';
import { searchMovies } from './search-movies.js';
import { topCharts } from './top-charts.js';

/** Query: movie, movies and person come from their origins. */
export const queryResolvers: QueryResolvers = {
  searchMovies: (_root, search, context) => searchMovies(context, search),
  topCharts: (_root, wanted, { database, scans }) => scans.run(() => topCharts(database.prisma, wanted)),
  grossByYear: (_root, { genre }, { database, scans }) =>
    scans.run(() => grossByYear(database.prisma, genre)),
  user: (_root, { id }, { database }) => database.prisma.user.findUnique({ where: { id: Number(id) } }),
  me: (_root, _args, { viewer, database }) =>
    viewer === undefined ? null : database.prisma.user.findUnique({ where: { id: viewer.id } }),
  playback(_root, { movieId }, context) {
    const { id: userId } = requireViewer(context);
    const key = { userId, movieId: Number(movieId) };
    return context.database.prisma.playback.findUnique({ where: { userId_movieId: key } });
  },
  sessions(_root, _args, context) {
    const { id } = requireViewer(context);
    return context.sessions.list(id, context.session);
  },
  continueWatching(_root, { first }, context) {
    const { id: userId } = requireViewer(context);
    return continueWatching(context.database.prisma, { userId, first });
  },
};
