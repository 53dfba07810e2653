import { z } from 'zod';
import type { ServerAnswer } from '../../contracts/server-contract.js';

const answer = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ message: z.string() })).default([]),
  extensions: z.object({
    cache: z.object({
      summary: z.object({ loads: z.number() }),
      fields: z.array(z.object({ coordinate: z.string(), outcome: z.string() })),
      consistency: z.string().default('strict'),
      because: z.string().optional(),
    }),
  }),
});

/** Reads what a server sent, as a client does: from JSON, with its evidence. */
export function serverAnswer(sent: string): ServerAnswer {
  const { data, errors, extensions } = answer.parse(JSON.parse(sent));
  const { consistency, because } = extensions.cache;
  return {
    data,
    errors: errors.map(({ message }) => message),
    outcomes: extensions.cache.fields.map(({ coordinate, outcome }) => `${coordinate} ${outcome}`),
    loads: extensions.cache.summary.loads,
    consistency: because === undefined ? consistency : `${consistency}, ${because}`,
  };
}
