import { isPropertyKey, namesOf } from './context-shape.js';
import { recordReads, type Reads } from './recorded-reads.js';
import type { ViewerOf } from '../../vary/viewer-id.js';

/** Properties by which contexts usually give the viewer away, besides those that `viewer` itself reads. */
const REVEALING: readonly PropertyKey[] = [
  'viewer',
  'user',
  'currentUser',
  'session',
  'token',
  'auth',
  'cookies',
  'headers',
  'req',
  'request',
  // Where a request hangs from its answer: `reply.request`, `res.req`.
  'reply',
  'res',
  'response',
];

/** What a property of contexts (of a Map: a key) tells about its reader. */
export interface Bearer {
  /** Who the viewer is. */
  viewer: boolean;
  /** The values of `vary` that are made of it. */
  readonly vary: Set<string>;
  /** True where a function was seen reading it, which also those contexts must not answer that lack it. */
  isRead: boolean;
}

/** What contexts of one class bear. */
export interface Bearers {
  readonly byName: ReadonlyMap<unknown, Bearer>;
  /** What any context of the class was seen to have. */
  readonly present: ReadonlySet<unknown>;
  /** False until `viewer` has answered for one of them: what bears the viewer is then not known. */
  readonly isKnown: boolean;
}

export interface BearersOptions {
  readonly viewerOf: ViewerOf;
  readonly vary: ReadonlyMap<string, (context: unknown) => unknown>;
  /** True where every name that contexts were seen to have matters, and not only what bears something. */
  readonly keepsNames: boolean;
  /** Names that are declared to be the same for every reader. */
  readonly neutral: ReadonlySet<PropertyKey>;
  /** Told of names that cannot be neutral, since `viewer` or a function of `vary` reads them. May throw. */
  readonly onConflict: (name: unknown, reader: string) => void;
  /** Told that `viewer` failed; may throw. */
  readonly onViewerFault: (error: unknown) => void;
}

interface Known extends Bearers {
  readonly byName: Map<unknown, Bearer>;
  readonly present: Set<unknown>;
  isKnown: boolean;
  /** How many contexts of the class were watched. */
  contexts: number;
}

/** So many contexts of a class are watched thoroughly: what their code reads is then known, but for rare branches. */
const THOROUGH = 64;
/** Most names that are remembered of one class: contexts may be used as dictionaries. */
const MAX_NAMES = 1000;

/**
 * Finds the properties of contexts by which they bear the viewer or a value that varies: those that are known to, and
 * those that these functions read, of this context or of others of its class. Each context is watched once.
 */
export function createBearers(options: BearersOptions): (context: object) => Bearers {
  const byClass = new WeakMap<object, Known>();
  const seen = new WeakSet<object>();
  return (context) => {
    const prototype: unknown = Object.getPrototypeOf(context);
    const kind = typeof prototype === 'object' && prototype !== null ? prototype : Object.prototype;
    let known = byClass.get(kind);
    if (known === undefined) {
      known = { byName: guessed(options.neutral), present: new Set(), isKnown: false, contexts: 0 };
      byClass.set(kind, known);
    }
    if (!seen.has(context)) {
      const names = options.keepsNames ? namesOf(context) : REVEALING.filter((name) => name in context);
      for (const name of names) if (known.present.size < MAX_NAMES) known.present.add(name);
      record(context, known, options);
      known.contexts += 1;
      seen.add(context);
    }
    return known;
  };
}

function guessed(neutral: ReadonlySet<PropertyKey>): Map<unknown, Bearer> {
  const names = REVEALING.filter((name) => !neutral.has(name));
  return new Map(names.map((name) => [name, { viewer: true, vary: new Set(), isRead: false }]));
}

function record(context: object, known: Known, options: BearersOptions): void {
  const note = ({ direct, all }: Reads, reader: string, mark: (bearer: Bearer) => void): void => {
    for (const name of all) {
      if (isPropertyKey(name) && options.neutral.has(name)) {
        // What a getter happens to use on its way, such as a memo, may be declared neutral.
        if (!direct.has(name)) continue;
        options.onConflict(name, reader);
      }
      if (known.byName.size >= MAX_NAMES && !known.byName.has(name)) continue;
      const bearer = known.byName.get(name) ?? { viewer: false, vary: new Set(), isRead: true };
      known.byName.set(name, bearer);
      bearer.isRead = true;
      mark(bearer);
    }
  };
  const thoroughly = known.contexts < THOROUGH;
  let hasFailed = false;
  const onFault = (error: unknown): void => {
    hasFailed = true;
    options.onViewerFault(error);
  };
  note(readsOf(context, { ask: options.viewerOf, thoroughly }, onFault), 'viewer(context)', (bearer) => {
    bearer.viewer = true;
  });
  known.isKnown ||= !hasFailed;
  for (const [name, valueOf] of options.vary) {
    // One that fails is a sentence of the fields that vary by it.
    const reads = readsOf(context, { ask: valueOf, thoroughly }, () => undefined);
    note(reads, `vary.${name}`, ({ vary }) => vary.add(name));
  }
}

function readsOf(
  context: object,
  how: { ask: (context: unknown) => unknown; thoroughly: boolean },
  onFault: (error: unknown) => void,
): Reads {
  const reads: Reads = { direct: new Set(), all: new Set() };
  try {
    recordReads(context, how, reads);
  } catch (error) {
    onFault(error);
  }
  return reads;
}
