import { requireEditor } from '../accounts/require-viewer.js';
import { badUserInput, notFound } from '../api-errors/api-error.js';
import type { CreateMovieInput, MutationResolvers, UpdateMovieInput } from '../generated/graphql.js';
import type { ApiContext } from '../context.js';
import type { Prisma } from '../generated/prisma/client.js';
import { isMissingRow } from './database-refusal.js';

type MovieMutations = Required<Pick<MutationResolvers, 'createMovie' | 'updateMovie' | 'deleteMovie'>>;

/** Mutations of the catalogue, for editors and admins. */
export const movieMutations: MovieMutations = {
  createMovie(_root, { input }, context) {
    requireEditor(context);
    return inTransaction(context, async (transaction) => {
      const { title } = input;
      return transaction.movie.create({ data: { title, ...(await columns(transaction, input)) } });
    });
  },

  updateMovie(_root, { id, input }, context) {
    requireEditor(context);
    const { title } = input;
    if (title === null) {
      throw badUserInput('input.title', 'The argument "input.title" cannot be cleared; leave it out.');
    }
    // One transaction: an update that is refused must not leave a new director behind.
    return inTransaction(context, async (transaction) => {
      const data = { ...(title === undefined ? {} : { title }), ...(await columns(transaction, input)) };
      try {
        return await transaction.movie.update({
          where: { id: Number(id) },
          data: { ...data, version: { increment: 1 } },
        });
      } catch (error) {
        throw isMissingRow(error) ? noSuchMovie('id') : error;
      }
    });
  },

  async deleteMovie(_root, { id }, context) {
    requireEditor(context);
    const { count } = await context.database.prisma.movie.deleteMany({ where: { id: Number(id) } });
    if (count === 0) throw noSuchMovie('id');
    return id;
  },
};

/** It may wait for a film that is locked: then it must not hold connections that others need. */
function inTransaction<T>(
  { database }: Pick<ApiContext, 'database'>,
  work: (transaction: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return database.forTable('Movie', () => database.prisma.$transaction(work));
}

/** The error of a mutation that names a film that is not there. */
export function noSuchMovie(argument: string): Error {
  return notFound(argument, `There is no film with the id that the argument "${argument}" names.`);
}

type Columns = Omit<Prisma.MovieUncheckedUpdateInput & Prisma.MovieUncheckedCreateInput, 'title'>;

/** What both inputs have in common, as columns: undefined leaves a column alone, null clears it. */
async function columns(
  transaction: Prisma.TransactionClient,
  { title: _, directorName, releaseDate, ...same }: CreateMovieInput | UpdateMovieInput,
): Promise<Columns> {
  const year = releaseDate instanceof Date ? releaseDate.getUTCFullYear() : releaseDate;
  return {
    ...same,
    ...(releaseDate === undefined ? {} : { releaseDate, releaseYear: year }),
    ...(directorName === undefined ? {} : { directorId: await directorIdOf(transaction, directorName) }),
  };
}

/** Finds the person, or adds one; two films of a new director at the same time get the same person. */
async function directorIdOf(
  transaction: Prisma.TransactionClient,
  name: string | null,
): Promise<number | null> {
  if (name === null) return null;
  // Changes nothing where the name is known, yet only an update returns the row that was in the way.
  const [person] = await transaction.$queryRaw<{ id: number }[]>`
    INSERT INTO "Person" ("name", "updatedAt") VALUES (${name}, ${new Date()})
    ON CONFLICT ("name") DO UPDATE SET "name" = EXCLUDED."name" RETURNING "id"`;
  return person?.id ?? null;
}
