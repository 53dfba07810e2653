import { textOf } from '../../errors.js';
import type { CacheLog } from '../../log.js';
import type { CacheScope } from '../../policy/read-policy.js';
import type { ViewerOf } from '../../vary/viewer-id.js';
import { createBearers, type Bearer, type Bearers } from './bearers.js';
import { isPropertyKey, isVirtual, layersOf, namesOf } from './context-shape.js';
import { neutralConflict, undeclaredRead, variantTouched, viewerTouched } from './guard-errors.js';
import { outsideLoads, tellRead, type LoadRead, type PartOfLoad } from '../../load-scope.js';
import { askingByKey, BY_KEY, isByKey } from './map-reads.js';
import { standIn } from './stand-in.js';
import { canWatch, readBy } from './watched-object.js';

/** What the guard must know of a field. */
export interface GuardedField {
  readonly coordinate: string;
  readonly scope: CacheScope;
  /** The names of `vary` that its entries are told apart by; default none. */
  readonly vary?: readonly string[] | undefined;
}

/** What PUBLIC loads are held against. */
export interface GuardOptions {
  readonly viewerOf: ViewerOf;
  /** The functions of `vary`, by their names. */
  readonly vary?: ReadonlyMap<string, (context: unknown) => unknown>;
  /**
   * What PUBLIC loads may read besides what varies. Undefined where nothing was declared: other reads are then told once
   * and allowed.
   */
  readonly neutral?: readonly PropertyKey[] | undefined;
  /** True in development and test: touching the viewer throws. In production it is only noted. */
  readonly throws: boolean;
  readonly log: CacheLog;
}

/** Reads of a Map as a whole: what it holds for the viewer is among it. */
const WHOLE: ReadonlySet<PropertyKey> = new Set(['entries', 'values', 'forEach', Symbol.iterator]);
const MAP_METHODS: readonly PropertyKey[] = [...WHOLE, ...BY_KEY];

/** What each PUBLIC load is held against. */
export interface Rules {
  readonly options: GuardOptions;
  readonly neutral: ReadonlySet<unknown>;
  readonly bearersOf: (context: object) => Bearers;
  /** What was told already. */
  readonly told: Set<unknown>;
}

export function rulesOf(options: GuardOptions): Rules {
  const { viewerOf, vary = new Map(), neutral = [], throws, log } = options;
  const told = new Set<unknown>();
  const bearersOf = createBearers({
    viewerOf,
    vary,
    keepsNames: throws,
    neutral: new Set(neutral),
    onConflict: (name, reader) => {
      if (throws) throw neutralConflict(name, reader);
    },
    onViewerFault: (error) => {
      if (throws) throw error;
      // What everybody shares needs no viewer; fields that do say so themselves.
      if (told.has(viewerOf)) return;
      told.add(viewerOf);
      log.error(
        { error: textOf(error) },
        'viewer(context) failed; PUBLIC fields are answered without it, and not stored before it has answered once',
      );
    },
  });
  return { options, neutral: new Set(neutral), bearersOf, told };
}

/** What is told of the reads of a load. */
interface Reader {
  readonly look: (name: unknown, value: unknown) => void;
  readonly refuse: (error: Error) => void;
}

/** How one PUBLIC load is watched. */
interface Guard {
  readonly watched: readonly Names[];
  onRead(owner: object, name: PropertyKey, value: unknown): unknown;
  /** The same for a part of the load, of which only it is told. */
  onReadOfPart(read: LoadRead, part: PartOfLoad): unknown;
  /** True where the load is given an object that stands for the context. */
  readonly needsStandIn: boolean;
  contextFor(hasEnded: () => boolean): unknown;
  touched(): boolean;
}

export type Names = readonly [object: object, names: readonly PropertyKey[]];

export function guardOf(rules: Rules, field: GuardedField, context: object, onTouch: () => void): Guard {
  const bearers = rules.bearersOf(context);
  const names = guardedNames(rules, bearers, context);
  const virtual = isVirtual(context);
  const layers = virtual ? [] : layersOf(context);
  const watched = layers.map((layer): Names => {
    const own = layer === context ? names : names.filter((name) => Object.hasOwn(layer, name));
    const methods = layer === context && context instanceof Map ? MAP_METHODS : [];
    return [layer, [...methods, ...own].filter((name) => canWatch(layer, name))];
  });
  const needsStandIn = virtual || !names.every((name) => canWatch(context, name));
  let touched = !bearers.isKnown;
  const refuse = (error: Error): void => {
    touched = true;
    onTouch();
    if (rules.options.throws) throw error;
  };
  // Whether there is a viewer is an answer too: a guest's load that looks for one is no load for everybody.
  const look = (name: unknown, value: unknown): void => {
    const bearer = bearers.byName.get(name);
    if (bearer === undefined) tellUndeclared(rules, field, name);
    else checkBearer(rules, { bearer, field, context, name, value }, refuse);
  };
  const owners = new Set<object>(virtual ? [context] : layers);
  const given = ({ owner, name, value }: LoadRead, to: Reader): unknown => {
    if (!owners.has(owner)) return value;
    if (context instanceof Map && WHOLE.has(name))
      to.refuse(viewerTouched(field.coordinate, `${String(name)}()`));
    else if (context instanceof Map && isByKey(name)) return askingByKey(context, value, to.look);
    // DataLoaders behind getters are watched as well, whatever is declared of them.
    else to.look(name, value);
    return value;
  };
  return {
    watched,
    needsStandIn,
    onRead: (owner, name, value) => given({ owner, name, value }, { look, refuse }),
    onReadOfPart: (read, { vary, onTouch }) =>
      given(read, {
        refuse: onTouch,
        look: (name, value) => {
          const bearer = bearers.byName.get(name);
          const part = { ...field, vary };
          if (bearer !== undefined)
            checkBearer(rules, { bearer, field: part, context, name, value }, onTouch);
        },
      }),
    contextFor: (hasEnded) => {
      if (!needsStandIn) return context;
      return standIn(context, {
        look: (name, value) => {
          if (hasEnded() || !names.includes(name)) return;
          look(name, value);
          // For what is loaded within this load.
          tellRead(context, name, value);
        },
        onMethod: (name) => {
          if (!hasEnded() && !rules.neutral.has(name))
            refuse(viewerTouched(field.coordinate, `${String(name)}()`));
        },
      });
    },
    touched: () => touched,
  };
}

/** What is watched: what bears something, as far as there is any; where nothing else may be read, all there is. */
function guardedNames({ options, neutral }: Rules, bearers: Bearers, context: object): PropertyKey[] {
  const names = new Set<PropertyKey>();
  for (const [name, { isRead }] of bearers.byName) {
    if (!isPropertyKey(name)) continue;
    if (isRead || bearers.present.has(name) || name in context) names.add(name);
  }
  if (options.throws) {
    for (const name of [...namesOf(context), ...bearers.present].filter(isPropertyKey)) {
      // What a server itself fixes there under a symbol, such as Apollo Server for its plugins, is no value of a request.
      const isOfServer = typeof name === 'symbol' && !canWatch(context, name) && !Object.isFrozen(context);
      if (!neutral.has(name) && !isOfServer) names.add(name);
    }
  }
  return [...names];
}

function checkBearer(
  { options }: Rules,
  read: { bearer: Bearer; field: GuardedField; context: object; name: unknown; value: unknown },
  refuse: (error: Error) => void,
): void {
  const { bearer, field, context, name, value } = read;
  const { coordinate, vary = [] } = field;
  const missing = [...bearer.vary].find((one) => !vary.includes(one));
  if (!bearer.viewer && missing === undefined) return;
  // What the key holds as it is tells nothing more; that nothing is there may be said of the viewer.
  const isInKey = (one: string): boolean =>
    bearer.vary.has(one) && isVariedBy(options.vary?.get(one), context, value);
  if (isPrimitive(value) && vary.some(isInKey)) return;
  const property = readBy() ?? name;
  if (bearer.viewer) refuse(viewerTouched(coordinate, property));
  else if (missing !== undefined) refuse(variantTouched(coordinate, property, { missing, vary }));
}

function isVariedBy(
  valueOf: ((context: unknown) => unknown) | undefined,
  context: object,
  value: unknown,
): boolean {
  try {
    return valueOf !== undefined && outsideLoads(() => valueOf(context)) === value;
  } catch {
    return false;
  }
}

/** In development only, since elsewhere nothing but bearers is watched. @throws Error where names are declared */
function tellUndeclared(
  { options, neutral, told }: Rules,
  { coordinate }: GuardedField,
  name: unknown,
): void {
  // What a neutral getter reads on its way is declared with it.
  if (!options.throws || neutral.has(name) || neutral.has(readBy())) return;
  const error = undeclaredRead(coordinate, name);
  if (options.neutral !== undefined) throw error;
  if (told.has(name)) return;
  told.add(name);
  options.log.warn({ coordinate }, error.message);
}

function isPrimitive(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
