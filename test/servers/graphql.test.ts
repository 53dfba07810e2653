import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  runServerCheck,
  serverContract,
  viewerChecks,
  type StartServer,
} from '../contracts/server-contract.js';
import { filmWorld, type FilmContext } from '../support/worlds/film-world.js';
import { serverAnswer } from '../support/worlds/server-answer.js';

const start: StartServer = ({ schema, cache }) =>
  Promise.resolve({
    ask: async ({ source, viewer, variables }) => {
      const contextValue: FilmContext = viewer === undefined ? {} : { viewer: { id: viewer } };
      const trace = cache.trace(contextValue);
      const result = await graphql({ schema, source, contextValue, variableValues: { ...variables } });
      const told = { ...trace.report(), consistency: cache.writes.consistencyOf(contextValue) };
      const because = cache.writes.boundedBy(contextValue);
      return serverAnswer(JSON.stringify({ ...result, extensions: { cache: { ...told, because } } }));
    },
    close: () => Promise.resolve(),
  });

serverContract('graphql()', { start, requestProperties: [] });

describe('the server contract itself', () => {
  for (const one of viewerChecks.slice(0, 2)) {
    it(`catches viewers that are taken for one another: ${one.title}`, async () => {
      const mixed = filmWorld({ viewer: (context) => context.viewer && 'everybody' });
      await expect(runServerCheck(start, mixed, one)).rejects.toThrow();
    });
  }

  it('catches a guest that is taken for a viewer', async () => {
    const [, , guests] = viewerChecks;
    const mixed = filmWorld({ viewer: (context) => context.viewer?.id ?? 'guest' });
    expect(guests?.title).toBe('PRIVATE fields without a viewer are answered and not stored');
    await expect(guests && runServerCheck(start, mixed, guests)).rejects.toThrow();
  });
});
