import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';
import { describe, expect, it } from 'vitest';
import { apolloWithPlans } from '../../../src/cache/execution/index.js';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import { frontWorld, type FrontContext } from './front-world.js';

const FILM = { query: '{ film { title } }' };
const STALKER = '{"data":{"film":{"title":"Stalker"}}}\n';

type Plugin = ApolloServerPlugin<FrontContext>;

/** A plugin that counts requests. */
function counting() {
  const seen = { requests: 0 };
  const plugin: Plugin = {
    requestDidStart: async () => {
      seen.requests += 1;
    },
  };
  return { seen, plugin };
}

describe('plugins of others, where answers are given in front of Apollo Server', () => {
  it('lose no request: while one sees them, nothing is answered in front, and the log says so once', async () => {
    const { seen, plugin } = counting();
    const { settled, cache, log } = await frontWorld({ plugins: [plugin] });
    expect(await settled(FILM)).toMatchObject({ text: STALKER, isInFront: false });
    expect([seen.requests, cache.stats.memo().hits]).toEqual([5, 3]);
    expect(log.lines).toEqual([
      'warn Nothing is answered in front of Apollo Server: plugins[2] would not see such requests; name in `without` the plugins that need not {}',
    ]);
  });

  it.each([
    ['', (options: object) => options],
    [' where queries are executed by plans', apolloWithPlans],
  ])('may be named as those that need not see such requests%s', async (_, made) => {
    const { seen, plugin } = counting();
    const { settled, log } = await frontWorld({
      plugins: [plugin],
      inFront: { without: [plugin] },
      server: (options) => Object.assign({ ...options }, made(options)),
    });
    expect(await settled(FILM)).toMatchObject({ text: STALKER, isInFront: true });
    expect([seen.requests, log.lines]).toEqual([3, []]);
  });

  it('that are added later count as well, and so do those that begin to listen when the server starts', async () => {
    const starting: Plugin = {
      serverWillStart: async () => {
        starting.requestDidStart = async () => undefined;
      },
    };
    const { settled, log } = await frontWorld({ plugins: [starting] });
    expect((await settled(FILM)).isInFront).toBe(false);
    expect(log.lines.join()).toContain('plugins[2] would not see');
  });

  it('of Apollo Server itself lose nothing, and are named where they would', async () => {
    const apollo = await frontWorld({ plugins: [ApolloServerPluginInlineTrace()] });
    const headers = { 'apollo-federation-include-trace': 'ftv1' };
    expect((await apollo.settled(FILM)).isInFront).toBe(true);
    expect((await apollo.ask({ ...FILM, headers })).text).toContain('ftv1');
  });

  it('keep the headers that they set, of which one may be for one reader, and what they add to answers', async () => {
    let changes: (response: Parameters<typeof change>[0]) => void = () => undefined;
    const change = (response: {
      http: { status?: number | undefined; headers: Map<string, string> };
    }): void => changes(response);
    const plugin: Plugin = {
      requestDidStart: async () => ({
        willSendResponse: async ({ response, contextValue: { viewer } }) => {
          change(response);
          const { body } = response;
          if (viewer && body.kind === 'single') body.singleResult.extensions = { viewer: viewer.id };
        },
      }),
    };
    const kinds: (typeof changes)[] = [
      ({ http: { headers } }) => void headers.set('set-cookie', 'session=1'),
      ({ http: { headers } }) => void headers.set('x-request', 'one'),
      ({ http }) => void (http.status = 207),
    ];
    for (changes of kinds) {
      const { settled } = await frontWorld({ plugins: [plugin], inFront: { without: [plugin] } });
      expect((await settled(FILM)).isInFront).toBe(false);
    }
    changes = () => undefined;
    const { settled } = await frontWorld({ plugins: [plugin], inFront: { without: [plugin] } });
    const context = (): Promise<FrontContext> => Promise.resolve({ viewer: { id: 'ann' } });
    const told = await settled({ ...FILM, context });
    expect([told.isInFront, told.text.includes('"viewer":"ann"')]).toEqual([false, true]);
  });
});

describe('answerInFrontOf', () => {
  const made = () => {
    const cache = createCache({ store: memoryStore(), memo: true });
    const plugin = cache.apolloPlugin();
    const server = new ApolloServer({ typeDefs: 'type Query { a: Int }', plugins: [plugin] });
    return { plugin, server, other: cache.apolloPlugin() };
  };
  const sentence = (call: () => unknown): string => {
    try {
      call();
      return 'nothing was wrong';
    } catch (error) {
      return String(error);
    }
  };

  it('returns the server', () => {
    const { plugin, server } = made();
    expect(plugin.answerInFrontOf(server)).toBe(server);
  });

  it('changes nothing of the server where the cache has no memo', () => {
    const plugin = createCache({ store: memoryStore() }).apolloPlugin();
    const server = new ApolloServer({ typeDefs: 'type Query { a: Int }', plugins: [plugin] });
    plugin.answerInFrontOf(server);
    expect(Object.hasOwn(server, 'executeHTTPGraphQLRequest')).toBe(false);
  });

  it('is refused a second time, too late, for a server without the plugin, and for what is none', async () => {
    const { plugin, server, other } = made();
    plugin.answerInFrontOf(server);
    const call = 'plugin.answerInFrontOf:';
    expect(sentence(() => plugin.answerInFrontOf(server))).toContain(
      `${call} this plugin stands in front of a server already; make another one`,
    );
    expect(sentence(() => other.answerInFrontOf(server))).toContain(
      `${call} the server does not have this plugin; put it into its plugins`,
    );
    const late = made();
    await late.server.start();
    expect(sentence(() => late.plugin.answerInFrontOf(late.server))).toContain(
      `${call} the server has started already; call it before that`,
    );
    await late.server.stop();
  });

  it.each([
    [{ wihtout: [] }, 'there is no option "wihtout" (did you mean "without"?)'],
    [{ without: 'all' }, 'without must be a list of plugins'],
    [{ without: [undefined] }, 'without must be a list of plugins'],
  ])('is refused with %j', (options, expected) => {
    const { plugin, server } = made();
    expect(sentence(() => Reflect.apply(plugin.answerInFrontOf, plugin, [server, options]))).toContain(
      `plugin.answerInFrontOf: ${expected}`,
    );
  });

  it('is refused without a server', () => {
    const { plugin } = made();
    for (const none of [{}, undefined]) {
      expect(sentence(() => Reflect.apply(plugin.answerInFrontOf, plugin, [none]))).toContain(
        'plugin.answerInFrontOf: the server must be an Apollo Server 4 or 5',
      );
    }
  });
});
