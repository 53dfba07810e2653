import {
  execute,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiledExecution } from '../../../src/cache/execution/index.js';
import { hearNoRejections } from './hear-no-rejections.js';

/** A promise of another library: a class of its own. */
class OwnPromise<T> extends Promise<T> {}

describe('a list that is voided while its elements wait', () => {
  const heard: unknown[] = [];
  const hear = (reason: unknown): void => void heard.push(reason);
  beforeAll(() => {
    hearNoRejections.begin();
    process.on('unhandledRejection', hear);
  });
  afterAll(hearNoRejections.end);

  /** Node looks for rejections without a handler once all promises of a turn are done. */
  async function turns(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  const rejecting = async (): Promise<never> => {
    await Promise.resolve();
    throw new Error('nothing can tell');
  };

  it.each([
    ['a promise', rejecting],
    ['a promise of a class of its own', (): Promise<never> => OwnPromise.resolve().then(rejecting)],
  ])('leaves no rejection of %s behind', async (_, isTypeOf) => {
    const film = new GraphQLObjectType({
      name: 'Film',
      fields: { title: { type: GraphQLString } },
      isTypeOf,
    });
    const films = { type: new GraphQLList(new GraphQLNonNull(film)), resolve: () => [{}, null] };
    const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { films } }) });
    const args = { schema, document: parse('{ films { title } }') };
    const compiled = compiledExecution({ otherwise: () => ({}) });
    await compiled.execute(args);
    const expected = JSON.stringify(await execute(args));
    await turns();
    heard.length = 0;
    const answer = JSON.stringify(await compiled.execute(args));
    await turns();
    expect(heard).toEqual([]);
    expect(compiled.stats().compiled).toBe(1);
    expect(answer).toBe(expected);
  });
});
