import { createHash } from 'node:crypto';
import { request as send } from 'node:http';
import { wholeAnswer } from './http-world.js';

/** A request as it goes out. */
export interface Sent {
  readonly method: string;
  readonly search?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** All that a client sees, but what is of the moment and of the connection. */
export interface Seen {
  readonly status: number | undefined;
  readonly headers: readonly string[];
  readonly body: string;
}

const OF_THE_MOMENT = new Set(['date', 'connection', 'keep-alive']);

/** What a server answers to it. */
export async function seenOf(url: string, { method, search = '', headers, body: sent }: Sent): Promise<Seen> {
  const asked = send(`${url}${search}`, { method, headers: { ...headers } });
  asked.end(sent);
  const { response, body } = await wholeAnswer(asked);
  const { statusCode: status, rawHeaders } = response;
  const lines = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && !OF_THE_MOMENT.has(name.toLowerCase()) ? [`${name}: ${rawHeaders[at + 1]}`] : [],
  );
  // The landing page has other random words each time.
  const isPage = body.includes('<html');
  return { status, headers: isPage ? [] : lines, body: isPage ? 'the landing page' : body };
}

const FILM = 'query Film($id: ID! = 1) { film(id: $id) { title director { name } __typename } }';
const LIST = '{ films(ids: [1, 2, 1]) { id title } }';
const TWO = 'query One { aside } query Two { film(id: 1) { title } }';
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (text: string): object => ({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } });

/** Bodies of a POST, as they are made into JSON. */
const bodies: readonly unknown[] = [
  { query: FILM },
  { query: LIST, variables: {} },
  { query: FILM, variables: { id: 2 }, operationName: 'Film' },
  { query: FILM, variables: null, operationName: null, extensions: null },
  { query: FILM, extensions: { clientLibrary: { name: 'a client', version: '1' } } },
  { query: FILM, operationName: '' },
  { query: FILM, operationName: 'Other' },
  { query: FILM, operationName: 7 },
  { query: FILM, variables: '{"id": 1}' },
  { query: FILM, variables: [1] },
  { query: FILM, variables: { id: { deep: true } } },
  { query: FILM, variables: { id: null } },
  { query: FILM, extensions: 'none' },
  { query: FILM, extensions: [] },
  { query: FILM, id: 'more than is known' },
  { query: TWO },
  { query: TWO, operationName: 'One' },
  { query: TWO, operationName: 'Two' },
  { query: TWO, operationName: 'query' },
  { query: '{ aside }', operationName: 'query' },
  { query: 'query\n{ aside }' },
  { query: '{ price }' },
  { query: '{ aside mine }' },
  { query: '{ aside uncached }' },
  { query: '{ aside failing }' },
  { query: '{ aside ... @defer { price } }' },
  { query: '{ __typename }' },
  { query: '{ __schema { queryType { name } } }' },
  { query: '{ nothing }' },
  { query: '{ aside' },
  { query: '' },
  { query: ' { aside } ' },
  { query: { kind: 'Document', definitions: [] } },
  { query: 7 },
  { query: LIST, extensions: persisted(LIST) },
  { extensions: persisted(LIST) },
  { extensions: persisted('{ unknown }') },
  { query: FILM, extensions: persisted(LIST) },
  { query: FILM, extensions: { persistedQuery: null } },
  {},
  null,
  [{ query: FILM }],
  [{ query: FILM }, { query: LIST }],
  [],
  'a text',
];

const inUrl = (parts: Readonly<Record<string, string>>): string => `?${String(new URLSearchParams(parts))}`;

/** What follows the path of a GET. */
const searches: readonly string[] = [
  inUrl({ query: FILM }),
  inUrl({ query: FILM, variables: '{"id": 2}', operationName: 'Film', extensions: '{}' }),
  inUrl({ query: FILM, variables: '' }),
  inUrl({ query: FILM, variables: 'null' }),
  inUrl({ query: FILM, variables: '[]' }),
  inUrl({ query: FILM, variables: '{' }),
  inUrl({ query: FILM, operationName: '' }),
  inUrl({ query: FILM, extensions: '7' }),
  `${inUrl({ query: FILM })}&query=${encodeURIComponent(LIST)}`,
  `${inUrl({ query: FILM })}&operationName=Film&operationName=Film`,
  inUrl({ query: '{ price }' }),
  inUrl({ query: '{ aside }', other: 'more' }),
  inUrl({ query: '{ aside mine }' }),
  inUrl({ query: 'mutation { rename(id: 1, title: "new") { id } }' }),
  inUrl({ extensions: JSON.stringify(persisted(LIST)) }),
  inUrl({ query: LIST, extensions: JSON.stringify(persisted(LIST)) }),
  '?',
  '',
];

const JSON_TYPE = { 'content-type': 'application/json' };
const PREFLIGHT = { 'apollo-require-preflight': 'yes' };
const accepting = (accept: string): Record<string, string> => ({ ...JSON_TYPE, ...PREFLIGHT, accept });

/** Headers, of which each is sent with some of the requests that are answered in front, and with others. */
const headerSets: readonly Readonly<Record<string, string>>[] = [
  { ...JSON_TYPE },
  { ...PREFLIGHT },
  {},
  { 'x-apollo-operation-name': 'Film' },
  { 'apollo-require-preflight': '' },
  { 'content-type': '' },
  { 'content-type': 'APPLICATION/JSON; charset=utf-8', ...PREFLIGHT },
  { 'content-type': 'application/json; charset=latin1', ...PREFLIGHT },
  { 'content-type': 'text/plain' },
  { 'content-type': 'text/plain', ...PREFLIGHT },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': 'multipart/form-data; boundary=x', ...PREFLIGHT },
  { 'content-type': 'no type' },
  { 'content-type': 'application/graphql', ...PREFLIGHT },
  accepting('application/json'),
  accepting('application/graphql-response+json'),
  accepting('application/graphql-response+json; q=0.5, application/json; q=0.4'),
  accepting('*/*'),
  accepting(''),
  accepting('text/html'),
  accepting('text/html, application/json;q=0.9'),
  accepting('image/png'),
  accepting('multipart/mixed; deferSpec=20220824'),
  { ...JSON_TYPE, ...PREFLIGHT, 'x-cache-debug': '1' },
  { ...JSON_TYPE, ...PREFLIGHT, 'cache-control': 'no-cache' },
  { ...JSON_TYPE, ...PREFLIGHT, 'if-none-match': '*' },
  { ...JSON_TYPE, ...PREFLIGHT, 'if-none-match': '"none"' },
  { ...JSON_TYPE, ...PREFLIGHT, 'x-tenant': 'a', 'x-viewer': 'ann' },
  { ...JSON_TYPE, ...PREFLIGHT, 'x-tenant': 'b', 'x-viewer': 'bob' },
  { ...JSON_TYPE, ...PREFLIGHT, 'apollo-federation-include-trace': 'ftv1' },
  { ...JSON_TYPE, ...PREFLIGHT, cookie: 'session=1', authorization: 'Bearer 1', origin: 'http://other.test' },
];

const usual = { ...JSON_TYPE, ...PREFLIGHT };
const asJson = (body: unknown): string => JSON.stringify(body);
/** Requests of all kinds, valid and not; the last one is a mutation. */
export const requests: readonly Sent[] = [
  ...bodies.map((body): Sent => ({ method: 'POST', headers: usual, body: asJson(body) })),
  ...searches.map((search): Sent => ({ method: 'GET', headers: PREFLIGHT, search })),
  ...headerSets.flatMap((headers): Sent[] => [
    { method: 'POST', headers, body: asJson({ query: FILM }) },
    { method: 'GET', headers, search: inUrl({ query: FILM }) },
  ]),
  { method: 'POST', headers: usual, body: '{"query": ' },
  { method: 'POST', headers: usual },
  { method: 'POST', headers: usual, search: inUrl({ query: FILM }), body: asJson({ query: LIST }) },
  { method: 'HEAD', headers: PREFLIGHT, search: inUrl({ query: FILM }) },
  { method: 'PUT', headers: usual, body: asJson({ query: FILM }) },
  { method: 'DELETE', headers: PREFLIGHT, search: inUrl({ query: FILM }) },
  { method: 'OPTIONS', headers: { origin: 'http://other.test', 'access-control-request-method': 'POST' } },
  // Last, as it ends what was kept.
  {
    method: 'POST',
    headers: usual,
    body: asJson({ query: 'mutation { rename(id: 1, title: "new") { id } }' }),
  },
];
