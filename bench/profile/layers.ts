/** Where the time of a server goes, in the order of the table. */
export const layers = [
  'node',
  'HTTP',
  'Apollo',
  'graphql-js',
  'plans',
  'memo',
  'engine',
  'codec',
  'Redis client',
  'API',
  'GC',
  'other',
] as const;

export type Layer = (typeof layers)[number];

const PACKAGES: readonly (readonly [Layer, RegExp])[] = [
  ['Apollo', /^(@apollo\/|negotiator$)/],
  ['graphql-js', /^graphql$/],
  ['Redis client', /^(ioredis|redis-parser|standard-as-callback|denque|@ioredis\/)/],
  ['codec', /^(msgpackr|msgpackr-extract)$/],
  [
    'HTTP',
    /^(@as-integrations\/|@fastify\/|fastify|avvio|find-my-way|light-my-request|secure-json-parse|express|body-parser|raw-body|cors|finalhandler|router|send|serve-static|content-type|type-is|qs|iconv-lite|http-errors|on-finished|bytes|vary|accepts|mime-types|pino)/,
  ],
];

/** The layer of a call frame by where its code is from; undefined for code that belongs to its caller. */
export function layerOf(functionName: string, url: string): Layer | undefined {
  if (functionName === '(garbage collector)') return 'GC';
  if (functionName === '(program)' || functionName === '(root)') return 'other';
  if (url === '') return undefined;
  if (url.startsWith('node:')) return 'node';
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (dependency !== undefined) return PACKAGES.find(([, names]) => names.test(dependency))?.[0] ?? 'other';
  return ownLayer(url);
}

function ownLayer(url: string): Layer {
  const room = roomOf(url);
  if (room === undefined) return 'API';
  if (room === 'execution') return 'plans';
  if (room === 'memo' || room === 'codec') return room;
  return room === 'redis' ? 'Redis client' : 'engine';
}

/** The room of the engine that a piece of code is in; undefined where it is in none. */
export function roomOf(url: string): string | undefined {
  return /\/src\/cache\/([a-z-]+)/.exec(url)?.[1];
}
