import {
  execute,
  parse,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import { compiledExecution } from '../../../src/cache/execution/index.js';
import { allFeatures } from '../../properties/features.js';
import { generateQuery, type DocumentPlan } from '../../properties/generate-document.js';
import { variablesFor } from '../../properties/generate-steps.js';
import { seededRandom, type Random } from '../../properties/seeded-random.js';
import { hostileSchema } from './hostile-schema.js';
import { HostileValues, type Oddness } from './hostile-values.js';

export interface ComparedReport {
  readonly cases: number;
  /** Executions by a plan. */
  readonly compiled: number;
  /** Answers with errors. */
  readonly failed: number;
  /** Answers that came as a promise. */
  readonly promised: number;
  /** The first difference, with what replays it. */
  readonly difference: string | undefined;
}

/** From a calm world to one in which little goes right. */
const ODDNESS: readonly Oddness[] = [
  { errors: 0, waits: 0, odd: 0 },
  { errors: 20, waits: 300, odd: 10 },
  { errors: 60, waits: 150, odd: 30 },
  { errors: 60, waits: 600, odd: 40 },
  { errors: 150, waits: 500, odd: 80 },
];
const DOCUMENTS = 6;
const VARIABLE_SETS = 3;

/** Executes generated queries over hostile schemas by plans and by graphql-js, until an answer or a call differs. */
export async function compareExecutions(seed: number, cases: number): Promise<ComparedReport> {
  const total = { cases: 0, compiled: 0, failed: 0, promised: 0 };
  for (let at = seed; total.cases < cases; at += 1) {
    const difference = await compareSchema(at, total);
    if (difference !== undefined) return { ...total, difference };
  }
  return { ...total, difference: undefined };
}

async function compareSchema(
  seed: number,
  total: { cases: number; compiled: number; failed: number; promised: number },
): Promise<string | undefined> {
  const random = seededRandom(seed);
  const values = new HostileValues(seed, random.pick(ODDNESS));
  const schema = hostileSchema(random, values);
  values.schema = schema;
  const features = { ...allFeatures, covariantLists: false };
  const compiled = compiledExecution();
  for (let count = 0; count < DOCUMENTS; count += 1) {
    const plan = generateQuery({ random, schema, features });
    const document = frozen(parse(plan.source));
    if (validate(schema, document).length > 0) continue;
    for (const operation of plan.operations) {
      const requests = Array.from({ length: VARIABLE_SETS }, () => variablesOf(random, operation));
      for (const variableValues of [...requests.slice(0, 1), ...requests]) {
        const args = {
          ...{ schema, document, variableValues, operationName: operation.name },
          ...{
            contextValue: { who: 'asks' },
            rootValue: random.pick([undefined, { a: 1, b: () => 'b' }, 'text']),
          },
        };
        const expected = await observe(values, () => execute(args));
        const found = await observe(values, () => compiled.execute(args));
        total.cases += 1;
        total.failed += expected.failed;
        total.promised += expected.promised;
        if (found.text !== expected.text) return describe({ seed, plan, args, expected, found });
      }
    }
  }
  total.compiled += compiled.stats().compiled;
  return undefined;
}

interface Observed {
  readonly text: string;
  readonly failed: 0 | 1;
  readonly promised: 0 | 1;
}

/** The answer to its last byte, what was called on the way, and what happened after it. */
async function observe(values: HostileValues, run: () => ReturnType<typeof execute>): Promise<Observed> {
  values.calls.length = 0;
  const running = run();
  const result = await running;
  const text = JSON.stringify([told(result), running instanceof Promise]);
  await values.rest();
  const after = [values.calls, result.errors?.length ?? 0].flat();
  return {
    text: [text, ...after].join('\n'),
    failed: result.errors === undefined ? 0 : 1,
    promised: running instanceof Promise ? 1 : 0,
  };
}

function told({ data, errors, ...rest }: ExecutionResult): unknown {
  return {
    ...{ data, rest, prototypes: prototypesIn(data) },
    errors: errors?.map((error) => ({
      ...{ json: error, name: error.name, positions: error.positions },
      nodes: error.nodes?.map(({ loc }) => loc?.start),
      original: String(error.originalError),
    })),
  };
}

/**
 * Which objects of an answer have a prototype; those of graphql-js have none. A field called `constructor` of an empty list makes
 * a list of what resolvers are given, and all that hangs together by that is told once.
 */
function prototypesIn(data: unknown, met = new Set<unknown>()): unknown {
  if (typeof data !== 'object' || data === null) return 0;
  if (met.has(data)) return 'met';
  met.add(data);
  const inside = Object.values(data).map((value) => prototypesIn(value, met));
  return Array.isArray(data) ? inside : [Object.getPrototypeOf(data) === null, ...inside];
}

/** Mostly right, now and then not. */
function variablesOf(random: Random, operation: DocumentPlan['operations'][number]): Record<string, unknown> {
  const right = { ...variablesFor(random, operation) };
  const [name] = random.some(Object.keys(right), 0.05);
  return name === undefined ? right : { ...right, [name]: random.pick([null, 'wrong', {}, -1.5]) };
}

/** Servers hand one document to all. */
function frozen(node: DocumentNode): DocumentNode {
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
    Object.freeze(value);
    for (const [name, inner] of Object.entries(value)) if (name !== 'loc') freeze(inner);
  };
  freeze(node);
  return node;
}

function describe({
  seed,
  plan,
  args,
  expected,
  found,
}: {
  readonly seed: number;
  readonly plan: DocumentPlan;
  readonly args: ExecutionArgs;
  readonly expected: Observed;
  readonly found: Observed;
}): string {
  const lines = found.text.split('\n');
  const at = expected.text.split('\n').findIndex((line, place) => line !== lines[place]);
  return [
    `SEED=${seed}`,
    plan.source,
    JSON.stringify(args.variableValues),
    `graphql-js: ${expected.text.split('\n')[at]}`,
    `compiled:   ${lines[at]}`,
  ].join('\n');
}
