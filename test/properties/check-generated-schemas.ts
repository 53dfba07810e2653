import { memoryStore, type Store } from '../../src/cache/index.js';
import type { FieldCounters } from '../../src/cache/types/index.js';
import { allFeatures, type Features } from './features.js';
import { generateCase, type GeneratedCase } from './generate-case.js';
import { runSteps, type StepsReport } from './run-steps.js';
import { describeDifference } from './describe-difference.js';
import type { Step } from './generate-steps.js';
import { shrinkCase } from './shrink-case.js';

export interface CheckOptions {
  /** The first schema's; each further one adds 1. */
  readonly seed: number;
  /** Executions to compare, at least. */
  readonly cases: number;
  /** Default: the one and the other, by the seed of the schema. */
  readonly environment?: 'test' | 'production' | 'both';
  /** Called for each run: makes what makes the store of each process. Default: one in memory. */
  readonly stores?: () => () => Store;
  /** Caches that share the store; default 1. */
  readonly processes?: number;
  readonly strictCopies?: boolean;
  readonly features?: Partial<Features>;
  /** Makes a case that differs smaller before it is told. Default true. */
  readonly shrinks?: boolean;
}

export interface Report {
  readonly schemas: number;
  readonly cases: number;
  readonly hits: number;
  /** Of PRIVATE fields. */
  readonly privateHits: number;
  /** Reads that were or could have been hits. */
  readonly reads: number;
  readonly warnings: readonly string[];
  /** The first difference as text, with what replays it; undefined where there is none. */
  readonly difference: string | undefined;
}

const EXECUTIONS_PER_SCHEMA = 150;

/** Generates schemas, documents and viewers until an answer of the cache differs, or so many were compared. */
export async function checkGeneratedSchemas(options: CheckOptions): Promise<Report> {
  const given = { ...allFeatures, ...options.features };
  const total = { schemas: 0, cases: 0, hits: 0, privateHits: 0, reads: 0 };
  const warnings: string[] = [];
  let difference: string | undefined;
  for (let seed = options.seed; total.cases < options.cases && difference === undefined; seed += 1) {
    const environment = environmentOf(options, seed);
    const features = { ...given, forgetfulFields: given.forgetfulFields && environment === 'production' };
    const run = (generated: GeneratedCase, steps: readonly Step[]): Promise<StepsReport> =>
      runSteps(generated, steps, {
        environment,
        store: options.stores?.() ?? (() => memoryStore(generated.bounds)),
        strictCopies: options.strictCopies ?? false,
        processes: options.processes ?? 1,
      });
    const generated = generateCase(seed, features, EXECUTIONS_PER_SCHEMA);
    const report = await run(generated, generated.steps);
    total.schemas += 1;
    total.cases += report.cases;
    addCounts(total, generated, report);
    warnings.push(...report.warnings);
    if (report.difference !== undefined) {
      const found = { generated, steps: generated.steps, difference: report.difference };
      const shrunk =
        options.shrinks === false
          ? found
          : await shrinkCase(found, async (...smaller) => (await run(...smaller)).difference);
      difference = describeDifference(shrunk, environment);
    }
  }
  return { ...total, warnings, difference };
}

function environmentOf({ environment = 'both' }: CheckOptions, seed: number): 'test' | 'production' {
  if (environment !== 'both') return environment;
  return seed % 2 === 0 ? 'test' : 'production';
}

function addCounts(
  total: { hits: number; privateHits: number; reads: number },
  { plan }: GeneratedCase,
  { counters }: StepsReport,
): void {
  for (const [coordinate, { hits, stale, misses, joined, waited }] of counters.flatMap(
    Object.entries<FieldCounters>,
  )) {
    total.hits += hits;
    total.reads += hits + stale + misses + joined + waited;
    if (plan.fields.get(coordinate)?.isPrivate === true) total.privateHits += hits;
  }
}
