import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { ApolloClient, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { auditServer } from 'graphql-http';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheTypeDefs } from '../../src/cache/index.js';
import { readTypeDefs } from '../../src/schema/read-type-defs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { quiet, testApi, type TestApi } from '../support/worlds/test-api.js';

interface PlaybackAnswer {
  readonly playback: { readonly id: string; readonly positionSeconds: number };
}
interface RatingsAnswer {
  readonly user: { readonly id: string; readonly ratings: readonly { id: string; stars: number }[] };
}
interface SearchAnswer {
  readonly searchMovies: {
    readonly edges: readonly { readonly node: { readonly title: string } }[];
    readonly pageInfo: Readonly<Record<string, unknown>>;
  };
}

const PLAYBACK: TypedDocumentNode<PlaybackAnswer> = gql`
  query Playback {
    playback(movieId: 2) {
      id
      positionSeconds
    }
  }
`;
const RECORD: TypedDocumentNode<unknown, { at: number }> = gql`
  mutation Record($at: Int!) {
    recordPlayback(movieId: 2, positionSeconds: $at) {
      id
      positionSeconds
    }
  }
`;
const RATINGS: TypedDocumentNode<RatingsAnswer> = gql`
  query Ratings {
    user(id: 1) {
      id
      ratings {
        id
        stars
      }
    }
  }
`;
const RATE: TypedDocumentNode<unknown, { stars: number }> = gql`
  mutation Rate($stars: Int!) {
    rateMovie(movieId: 1, stars: $stars) {
      id
      stars
    }
  }
`;
const SEARCH: TypedDocumentNode<SearchAnswer, { after?: string }> = gql`
  query Search($after: String) {
    searchMovies(first: 2, after: $after) {
      edges {
        node {
          id
          title
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;
const TITLES = ['The Long Night', 'The Short Day', 'A Night Train', '100% Night'];

describe('real clients of the API', () => {
  let api: TestApi;
  let token: string;
  beforeAll(async () => {
    api = await testApi({ settings: quiet });
    token = await api.signIn('member@example.com');
  });
  afterAll(() => api.close());

  /** Counts what goes over the network. */
  const counting = () => {
    let requests = 0;
    const send: typeof fetch = (input, init) => {
      requests += 1;
      return fetch(input, init);
    };
    return { send, requests: () => requests };
  };

  it('the public audit of GraphQL over HTTP finds no error, and warns of what the page explains', async () => {
    const results = await auditServer({ url: `${api.url}/graphql` });
    const names = (status: string): string[] =>
      results.filter((result) => result.status === status).map(({ name }) => name);
    expect(results.length).toBeGreaterThan(60);
    expect(names('error')).toEqual([]);
    // Refused documents are answered with 400, whatever kind of JSON a client reads: see docs/film-api.md.
    expect(names('warn')).toEqual([
      'SHOULD use 200 status code on document parsing failure when accepting application/json',
      'SHOULD use 200 status code on document validation failure when accepting application/json',
      'SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
    ]);
  });

  it('the cache of Apollo Client takes what a mutation answers, and joins pages', async () => {
    const network = counting();
    const client = new ApolloClient({
      link: new HttpLink({
        uri: `${api.url}/graphql`,
        headers: { authorization: `Bearer ${token}` },
        fetch: network.send,
      }),
      cache: new InMemoryCache({
        typePolicies: { Query: { fields: { searchMovies: relayStylePagination(['text', 'genre']) } } },
      }),
    });
    expect((await client.query({ query: PLAYBACK })).data?.playback.id).toBe('1.2');
    await client.mutate({ mutation: RECORD, variables: { at: 700 } });
    await client.query({ query: RATINGS });
    await client.mutate({ mutation: RATE, variables: { stars: 2 } });
    const before = network.requests();
    expect((await client.query({ query: PLAYBACK })).data?.playback.positionSeconds).toBe(700);
    const { data } = await client.query({ query: RATINGS });
    expect(data?.user.ratings.map(({ id, stars }) => [id, stars])).toEqual([['1.1', 2]]);
    expect(network.requests()).toBe(before);

    const films = client.watchQuery({ query: SEARCH });
    films.subscribe(() => undefined);
    const first = await client.query({ query: SEARCH });
    await films.fetchMore({ variables: { after: String(first.data?.searchMovies.pageInfo['endCursor']) } });
    const joined = client.readQuery({ query: SEARCH })?.searchMovies;
    expect(joined?.edges.map(({ node }) => node.title)).toEqual(TITLES);
    expect(joined?.pageInfo).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
    client.stop();
  });

  it('the cache of urql does too', async () => {
    const network = counting();
    const client = new Client({
      url: `${api.url}/graphql`,
      preferGetMethod: false,
      fetch: network.send,
      fetchOptions: { headers: { authorization: `Bearer ${token}` } },
      exchanges: [
        cacheExchange({
          keys: { MovieConnection: () => null, MovieEdge: () => null, PageInfo: () => null },
          resolvers: { Query: { searchMovies: relayPagination() } },
        }),
        fetchExchange,
      ],
    });
    await client.query(PLAYBACK, {}).toPromise();
    await client.mutation(RECORD, { at: 800 }).toPromise();
    await client.query(RATINGS, {}).toPromise();
    await client.mutation(RATE, { stars: 3 }).toPromise();
    const before = network.requests();
    expect((await client.query(PLAYBACK, {}).toPromise()).data?.playback.positionSeconds).toBe(800);
    const { data } = await client.query(RATINGS, {}).toPromise();
    expect(data?.user.ratings[0]?.stars).toBe(3);
    expect(network.requests()).toBe(before);

    const first = await client.query(SEARCH, {}).toPromise();
    const after = String(first.data?.searchMovies.pageInfo['endCursor']);
    const both = await client.query(SEARCH, { after }).toPromise();
    expect(both.error).toBeUndefined();
    expect(both.data?.searchMovies.edges.map(({ node }) => node.title)).toEqual(TITLES);
  });

  it('a page that begins after a cursor says that others are before it, and where it begins', async () => {
    const page = async (after?: string): Promise<SearchAnswer['searchMovies']['pageInfo']> => {
      const { data } = await api.ask(
        'query ($after: String) { searchMovies(first: 3, after: $after) { edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
        { variables: { after } },
      );
      const { edges, pageInfo } = (
        data as { searchMovies: { edges: { cursor: string }[]; pageInfo: Record<string, unknown> } }
      ).searchMovies;
      expect([pageInfo['startCursor'], pageInfo['endCursor']]).toEqual([
        edges[0]?.cursor,
        edges.at(-1)?.cursor,
      ]);
      return pageInfo;
    };
    const first = await page();
    expect(first).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
    expect(await page(String(first['endCursor']))).toMatchObject({
      hasPreviousPage: true,
      hasNextPage: false,
    });
  });
});

describe('the schema of the API', () => {
  const printed = (): string =>
    printSchemaWithDirectives(buildSchema([cacheTypeDefs, ...readTypeDefs()].join('\n')));

  it('is accepted by the compiler of Relay, with a page that is read on', async () => {
    const folder = await temporaryFolder({
      'relay.config.json': JSON.stringify({
        ...{ src: './src', schema: './schema.graphql', language: 'typescript', eagerEsModules: true },
        customScalarTypes: { DateTime: 'string', Date: 'string', SafeInt: 'number' },
      }),
      'schema.graphql': printed(),
      'src/films.ts': `import { graphql } from 'relay-runtime';
export const fragment = graphql\`
  fragment films_page on Query @refetchable(queryName: "filmsPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
    searchMovies(first: $first, after: $after) @connection(key: "films_searchMovies") {
      edges { node { id title releaseDate } }
    }
  }\`;
export const mutation = graphql\`
  mutation filmsRateMutation { rateMovie(movieId: 1, stars: 5) { id stars movie { id } } }\`;
`,
    });
    const compiler = path.join(
      path.dirname(createRequire(import.meta.url).resolve('relay-compiler/package.json')),
      'cli.js',
    );
    const { stdout } = await promisify(execFile)(process.execPath, [compiler], { cwd: folder });
    expect(stdout).toMatch(/compiled documents: .*\d+ reader/);
  });
});
