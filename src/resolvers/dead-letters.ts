import { requireAdmin } from '../accounts/require-viewer.js';
import { notFound } from '../api-errors/api-error.js';
import type { DeadLetterResolvers, MutationResolvers, QueryResolvers } from '../generated/graphql.js';

/** For admins: what the database refused for good. */
export const deadLetterQueries: Required<Pick<QueryResolvers, 'deadLetters'>> = {
  async deadLetters(_root, _args, context) {
    requireAdmin(context);
    const letters = await context.deadLetters.list();
    return [...letters].sort((one, other) => one.buriedAtMs - other.buriedAtMs);
  },
};

export const deadLetterMutations: Required<Pick<MutationResolvers, 'replayDeadLetter'>> = {
  async replayDeadLetter(_root, { key }, context) {
    requireAdmin(context);
    if (await context.deadLetters.replay(key)) return true;
    throw notFound('key', 'There is no dead letter with this key, or a newer write waits already.');
  },
};

export const deadLetterResolvers: DeadLetterResolvers = {
  field: ({ coordinate }) => coordinate ?? null,
  state: ({ state }) => JSON.stringify(state ?? null),
  viewerId: ({ viewer }) => viewer,
  buriedAt: ({ buriedAtMs }) => new Date(buriedAtMs),
};
