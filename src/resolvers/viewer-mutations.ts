import { prepareName } from '../accounts/prepare-name.js';
import { requireViewer } from '../accounts/require-viewer.js';
import { badUserInput } from '../api-errors/api-error.js';
import type { MutationResolvers } from '../generated/graphql.js';
import { isMissingReference } from './database-refusal.js';
import { noSuchMovie } from './movie-mutations.js';

type ViewerMutations = Required<Pick<MutationResolvers, 'updateProfile' | 'rateMovie' | 'recordPlayback'>>;

/** Mutations by which a signed-in viewer changes what is the viewer's own. */
export const viewerMutations: ViewerMutations = {
  updateProfile(_root, { input: { displayName, bio } }, context) {
    const { id } = requireViewer(context);
    if (displayName === null) {
      throw badUserInput(
        'input.displayName',
        'The argument "input.displayName" cannot be cleared; leave it out.',
      );
    }
    const data = {
      ...(displayName === undefined ? {} : { displayName: prepareName(displayName) }),
      ...(bio === undefined ? {} : { bio }),
    };
    return context.database.prisma.user.update({
      where: { id },
      data: { ...data, version: { increment: 1 } },
    });
  },

  async rateMovie(_root, { movieId, stars }, context) {
    const key = { userId: requireViewer(context).id, movieId: Number(movieId) };
    try {
      return await context.database.prisma.rating.upsert({
        where: { userId_movieId: key },
        create: { ...key, stars },
        update: { stars, version: { increment: 1 } },
      });
    } catch (error) {
      throw isMissingReference(error, 'movieId') ? noSuchMovie('movieId') : error;
    }
  },

  /** Accepted here and written later: see the origin of playback positions. */
  async recordPlayback(_root, { movieId, positionSeconds }, context) {
    const { id: userId } = requireViewer(context);
    const film = await context.filmLengths.of(Number(movieId));
    if (film === null) throw noSuchMovie('movieId');
    checkPosition(positionSeconds, film.runningTimeMinutes);
    return { userId, movieId: Number(movieId), positionSeconds, updatedAt: new Date() };
  },
};

function checkPosition(positionSeconds: number, runningTimeMinutes: number | null): void {
  if (runningTimeMinutes === null || positionSeconds <= runningTimeMinutes * 60) return;
  throw badUserInput(
    'positionSeconds',
    `The argument "positionSeconds" must not be beyond the end of the film, which is at ${runningTimeMinutes * 60}.`,
  );
}
