import type { DependencyType, IForbiddenRuleType } from 'dependency-cruiser';

/** Rooms of the engine from top to bottom: a room imports only itself and what stands below it. */
export const ROOMS = [
  'http',
  'memo',
  'report',
  'directives',
  'patterns',
  'warm',
  'prober',
  'record',
  'loads',
  'policy',
  'vary',
  'stampede',
  'coherence',
  'postgres',
  'outbox',
  'redis',
  'journal',
  'store',
  'keys',
  'codec',
  'diagnostics',
  'metrics',
  'time',
];
/** Files beside the rooms that all of them may use: they import nothing of the engine but each other. */
const LEAVES = [
  'errors.ts',
  'load-scope.ts',
  'log.ts',
  'grouped.ts',
  'maybe-promise.ts',
  'nearest-name.ts',
  'object-notes.ts',
  'plain-executors.ts',
  'plain-plugins.ts',
  'unknown-options.ts',
  'with-defaults.ts',
  'written.ts',
];
/** What may import every room: the face, what puts the parts together, and the doors that see a cache from outside. */
const TOP_FILES = [
  'apply-schema.ts',
  'assemble-services.ts',
  'assemble.ts',
  'cache-options.ts',
  'cache-tools.ts',
  'cache.ts',
  'check-cache-options.ts',
  'for-any-context.ts',
  'index.ts',
  'open-cache.ts',
];
const TOP_ROOMS = [
  'admin',
  'advise',
  'apollo',
  'command',
  'dashboard',
  'execution',
  'mercurius',
  'opentelemetry',
  'pothos',
  'prometheus',
  'testing',
  'types',
  'yoga',
];
/** The entries of the package: other projects import these files, and so does the API. */
export const DOORS = [
  'index.ts',
  'admin/index.ts',
  'advise/index.ts',
  'apollo/index.ts',
  'dashboard/index.ts',
  'diagnostics/index.ts',
  'execution/index.ts',
  'mercurius/index.ts',
  'opentelemetry/index.ts',
  'pothos/index.ts',
  'postgres/index.ts',
  'prometheus/index.ts',
  'redis/index.ts',
  'testing/index.ts',
  'types/index.ts',
  'yoga/index.ts',
];

/** Packages that each room may know. What is not listed no room knows. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  graphql: [
    'admin/',
    'memo/',
    'http/',
    'yoga/',
    'mercurius/',
    'directives/',
    'command/',
    'execution/',
    'apollo/',
    'yoga/',
    'plain-executors.ts',
    'cache.ts',
    'apply-schema.ts',
  ],
  '@graphql-tools/utils': ['directives/'],
  '@mrleebo/prisma-ast': ['postgres/'],
  commander: ['command/'],
  dataloader: ['loads/'],
  'fastest-levenshtein': ['nearest-name.ts'],
  '@opentelemetry/api': ['opentelemetry/'],
  '@pothos/core': ['pothos/'],
  ioredis: ['redis/', 'command/'],
  msgpackr: ['codec/'],
  pg: ['postgres/'],
  'prom-client': ['prometheus/'],
  tinyglobby: ['command/'],
};
/** Packages that a program may lack, and the doors behind which they may be reached. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  '@opentelemetry/api': ['opentelemetry/index.ts'],
  '@pothos/core': ['pothos/index.ts'],
  '@mrleebo/prisma-ast': ['postgres/index.ts'],
  ioredis: ['redis/index.ts'],
  pg: ['postgres/index.ts'],
  'prom-client': ['prometheus/index.ts'],
};

/** What is bundled for browsers: its packages are no packages of the engine. */
export const PAGE = '^src/cache/dashboard/page/';

const engine = (names: readonly string[]): string => `^src/cache/(${names.map(escaped).join('|')})`;
/** These files themselves, where `engine` is what begins so. */
const oneOf = (files: readonly string[]): string => `${engine(files)}$`;
const folders = (names: readonly string[]): readonly string[] => names.map((name) => `${name}/`);
const inPackage = (name: string): string => `(^|/)node_modules/(@types/)?${escaped(name)}/`;
const FROM_NPM: DependencyType[] = [
  'npm',
  'npm-dev',
  'npm-optional',
  'npm-peer',
  'npm-bundled',
  'npm-no-pkg',
  'npm-unknown',
];
const known = engine([...folders(ROOMS), ...folders(TOP_ROOMS), ...TOP_FILES, ...LEAVES]);

/** What no import may do, each with the reason. */
export const rules: IForbiddenRuleType[] = [
  {
    name: 'no-circles',
    comment: 'Two files that import each other are one idea, or a third file is missing.',
    from: {},
    to: { circular: true },
  },
  ...ROOMS.map((room, place) => ({
    name: `${room}-knows-what-stands-below`,
    comment: 'Imports of the engine go down the list of rooms only.',
    from: { path: engine(folders([room])) },
    to: { path: engine([...folders(ROOMS.slice(0, place)), ...folders(TOP_ROOMS), ...TOP_FILES]) },
  })),
  ...[
    ['store', 'journal'],
    ['journal', 'store'],
  ].map(([room, other]) => ({
    name: `the-${room}-in-redis-knows-no-${other}`,
    comment: 'What both need of a server is in redis/connection/, and what keys are called beside it.',
    from: { path: `^src/cache/redis/${room}/` },
    to: { path: `^src/cache/redis/${other}/` },
  })),
  {
    name: 'connections-serve-stores-and-journals',
    comment: 'A connection is told what it serves, and knows neither.',
    from: { path: '^src/cache/redis/connection/' },
    to: { path: ['^src/cache/redis/(store|journal)/', '^src/cache/(store|journal)/'] },
  },
  {
    name: 'leaves-import-nothing',
    comment: 'What stands beside the rooms is for all of them, and so knows none of them.',
    from: { path: engine(LEAVES) },
    to: { path: engine([...folders(ROOMS), ...folders(TOP_ROOMS), ...TOP_FILES]) },
  },
  {
    name: 'engine-has-known-rooms',
    comment: 'A new room or file beside them has a place in the list.',
    from: { path: '^src/cache/', pathNot: known },
    to: {},
  },
  {
    name: 'execution-knows-no-cache',
    comment: 'It executes any schema, cached or not.',
    from: { path: engine(folders(['execution'])) },
    to: {
      path: engine([
        ...folders(ROOMS),
        ...folders(TOP_ROOMS.filter((room) => room !== 'execution')),
        ...TOP_FILES,
      ]),
    },
  },
  {
    name: 'engine-stands-alone',
    comment: 'The engine imports nothing of the API.',
    from: { path: '^src/cache/' },
    to: { pathNot: ['^src/cache/', '(^|/)node_modules/'], dependencyTypesNot: ['core'] },
  },
  ...Object.entries(PACKAGES).map(([name, places]) => ({
    name: `${name}-is-known-to-few`,
    comment: 'Each package is known to its rooms only.',
    from: { path: '^src/cache/', pathNot: engine(places) },
    to: { path: inPackage(name) },
  })),
  {
    name: 'the-page-runs-in-a-browser',
    comment: 'It is bundled when the package is made, and shares types only with what serves it.',
    from: { path: PAGE },
    to: { path: '^src/cache/', pathNot: PAGE, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-file-imports-the-page',
    comment: 'What serves it imports the text that was made of it.',
    from: { path: '^src/', pathNot: PAGE },
    to: { path: PAGE },
  },
  {
    name: 'engine-has-few-packages',
    comment: 'A package that is not listed is known to no room.',
    from: { path: '^src/cache/', pathNot: PAGE },
    to: { dependencyTypes: FROM_NPM, pathNot: Object.keys(PACKAGES).map(inPackage) },
  },
  {
    name: 'the-face-needs-types-of-graphql-only',
    comment: 'Only the directives run code of GraphQL.',
    from: { path: engine(TOP_FILES) },
    to: { path: inPackage('graphql'), dependencyTypesNot: ['type-only'] },
  },
  ...Object.entries(OPTIONAL).map(([name, doors]) => ({
    name: `${name}-is-optional`,
    comment: 'No door but its own leads to an optional package, not even to its types.',
    from: { path: oneOf(DOORS.filter((door) => !doors.includes(door))) },
    to: { path: inPackage(name), reachable: true },
  })),
  {
    name: 'the-api-uses-doors',
    comment: 'The API imports the engine as any other project does.',
    from: { path: '^src/', pathNot: ['^src/cache/', '^src/generated/'] },
    to: { path: '^src/cache/', pathNot: oneOf(DOORS) },
  },
  {
    name: 'one-file-of-the-api-knows-ioredis',
    comment: 'It hands the client over, and connects to nothing.',
    from: { path: '^src/', pathNot: ['^src/cache/', '^src/redis/create-redis-client\\.ts$'] },
    to: { path: inPackage('ioredis') },
  },
  {
    name: 'nothing-imports-the-composition-root',
    comment: 'What starts the program is at the top.',
    from: {},
    to: { path: '^src/server\\.ts$' },
  },
  {
    name: 'resolvers-do-not-know-that-a-cache-exists',
    comment: 'A field is cached by its directive.',
    from: { path: '^src/resolvers/' },
    to: { path: '^src/cache/' },
  },
  {
    name: 'origins-know-no-cache-but-its-sql',
    comment:
      'An origin asks the database; how accepted writes are flushed into a table it may be told by the door for that.',
    from: { path: '^src/origins/' },
    to: { path: '^src/cache/', pathNot: '^src/cache/postgres/index\\.ts$' },
  },
];

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
