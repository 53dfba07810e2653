import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { cacheAdminTypeDefs } from '../../../src/cache/admin/index.js';
import { cacheTypeDefs } from '../../../src/cache/index.js';
import { readTypeDefs } from '../../../src/schema/read-type-defs.js';
import type { RecordedOperation } from '../../../src/traffic/format.js';
import type { Due } from '../traffic/schedule.js';
import type { Traffic } from '../traffic/traffic.js';
import { positionKey } from '../traffic/truth.js';
import { VIEWERS_OF_TRAFFIC } from '../viewers.js';
import { knownOperation, type KnownOperation, type Write } from './known-operation.js';
import { faultOf } from './read-recording.js';

export interface RecordedTraffic extends Traffic {
  /** From its beginning to its last request. */
  readonly seconds: number;
  readonly timesFaster: number;
}

export interface RecordedOptions {
  /** As errors name it. */
  readonly file: string;
  /** How many times faster than it came. */
  readonly speed: number;
}

const MOST_SECONDS = 3600;
/** Its reads come before anything is measured. */
const WARM_UP_SHARE = 0.1;

/** What a recording has clients ask, by the viewers of the comparison. @throws Error naming the file and the line that is wrong. */
export function recordedTraffic(
  operations: readonly RecordedOperation[],
  { file, speed }: RecordedOptions,
): RecordedTraffic {
  const known = knowing(schemaOfApi());
  const players = new Players();
  const due = operations.map((operation, at): Due => {
    const fault = faultOf(file, at);
    const atMs = operation.ms / speed;
    if (atMs > MOST_SECONDS * 1000)
      throw fault(
        `it comes ${Math.round(atMs / 1000)} s after the first, but at most ${MOST_SECONDS} s are sent; raise --speed, or remove the lines from here on`,
      );
    const viewer = viewerOf(operation, fault);
    const { kind, writes } = known(operation, fault);
    const { document: query, variables, operationName } = operation;
    const rates = viewer === undefined ? undefined : players.write(writes(variables), viewer);
    return {
      ...{ kind, query, variables, atMs, viewer },
      ...(operationName === undefined ? {} : { operationName }),
      ...(kind === 'write' && viewer !== undefined ? { inOrder: `viewer ${viewer}` } : {}),
      ...(rates === undefined ? {} : { rates }),
    };
  });
  const warm = due.slice(0, Math.ceil(due.length * WARM_UP_SHARE)).filter(({ kind }) => kind !== 'write');
  const seconds = (due.at(-1)?.atMs ?? 0) / 1000;
  return { due, warmUp: warm, unjudged: players.wentBack, seconds, timesFaster: speed };
}

function schemaOfApi(): GraphQLSchema {
  return makeExecutableSchema({ typeDefs: [cacheTypeDefs, ...readTypeDefs(), cacheAdminTypeDefs] });
}

/** Sessions of a recording count from 1, viewers from 0. */
function viewerOf({ viewer }: RecordedOperation, fault: (why: string) => Error): number | undefined {
  if (viewer === undefined) return undefined;
  if (viewer <= VIEWERS_OF_TRAFFIC) return viewer - 1;
  throw fault(`it is of session ${viewer}, but the comparison has ${VIEWERS_OF_TRAFFIC} viewers`);
}

/** Looks at each document once. */
function knowing(
  schema: GraphQLSchema,
): (operation: RecordedOperation, fault: (why: string) => Error) => KnownOperation {
  const found = new Map<string, KnownOperation>();
  return ({ document, operationName }, fault) => {
    const key = `${operationName} ${document}`;
    try {
      const one = found.get(key) ?? knownOperation(schema, document, operationName);
      found.set(key, one);
      return one;
    } catch (error) {
      throw fault(
        `the schema of this version cannot answer it: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
}

/** What viewers wrote so far, as far as a later answer is judged by it. */
class Players {
  readonly #positions = new Map<string, number>();
  readonly #rated = new Set<string>();
  /** Keys of positions of which a later one was smaller. */
  readonly wentBack = new Set<string>();

  /** Notes what a viewer writes; the answer is the film that has one more rating by it. */
  write(writes: readonly Write[], viewer: number): number | undefined {
    let rates: number | undefined;
    for (const { field, args, isSure } of writes) {
      const { movieId, positionSeconds } = args;
      if (field === 'recordPlayback') this.#move(positionKey(viewer, movieId), Number(positionSeconds));
      if (field === 'rateMovie' && isSure && this.#isFirst(`${viewer} ${String(movieId)}`))
        rates ??= Number(movieId);
    }
    return rates;
  }

  #move(key: string, seconds: number): void {
    if (seconds < (this.#positions.get(key) ?? 0)) this.wentBack.add(key);
    this.#positions.set(key, seconds);
  }

  /** A viewer who rates a film again replaces the rating. */
  #isFirst(rating: string): boolean {
    const isFirst = !this.#rated.has(rating);
    this.#rated.add(rating);
    return isFirst;
  }
}
