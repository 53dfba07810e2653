import type { AnswerHint } from '../codec/entry.js';
import type { CopyValue } from '../codec/copy-value.js';
import type { Clock } from '../time/clock.js';
import type { LoadMessage } from '../diagnostics/messages.js';
import type { AcceptedWrites } from '../journal/accepted-writes.js';
import type { CacheLog } from '../log.js';
import type { Troubles } from '../time/troubles.js';
import type { BoundedWrites } from '../metrics/bounded-writes.js';
import type { Traces } from '../metrics/trace.js';
import type { BackOff } from '../stampede/back-off.js';
import type { Background } from '../stampede/background.js';
import type { Outcome, SingleFlight } from '../stampede/single-flight.js';
import type { Acknowledge } from '../coherence/acknowledgement.js';
import type { Entries } from '../coherence/entries.js';
import type { EntryField, Found } from '../coherence/entry-field.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import type { Authorize } from './authorize-option.js';
import type { LoadContext } from './guard/load-context.js';
import type { Variants } from '../vary/variants.js';
import type { ViewerOf } from '../vary/viewer-id.js';

/** Asks the origin for one value; `touched` tells afterwards whether the load looked at the viewer. */
export interface Load {
  readonly run: () => unknown;
  touched(): boolean;
  /** Whether it brought a write that the database does not have yet. */
  isPending?(): boolean;
  /** Whether a later write may be pending, of which the journal could not tell. */
  isUnsure?(): boolean;
  /** Whether a check of its caller may lie within it, so that its error may be about that caller. */
  readonly isChecked?: boolean;
  /** What it said to caches of whole answers. */
  hint?(): AnswerHint | undefined;
}

/** What a load brought. */
export interface Loaded {
  readonly value: unknown;
  /** Makes a value of one reader's own; undefined where no other reader has it, or it cannot be changed. */
  readonly copy?: CopyValue | undefined;
  readonly hint?: AnswerHint | undefined;
  /** How long ago it was loaded, milliseconds. */
  readonly ageMs?: number;
  readonly loadMs: number;
  /** False where the load touched the viewer: those that joined must load again. */
  readonly sharable: boolean;
  /** True where the value is a write that the database does not have yet. */
  readonly isPending: boolean;
  /** Ends when the fill has. */
  readonly filled: unknown;
  /** Until when what is made of the value may be kept, where it is an entry, or is one once the fill has ended with `stored`. */
  readonly keptUntilMs?: number | undefined;
  /** What was told of the load that brought it; absent where loads are not told. */
  readonly message?: LoadMessage | undefined;
}

/** A load for one reader, and how the reader came to it. */
export interface LoadedRead extends Loaded {
  readonly outcome: Outcome;
}

/** Told of each fresh hit of one field, before it is given to its reader. */
export type NoteHit<Call> = (found: Found, place: Located, call: Call) => void;

/** What checks a share of the hits. */
export interface HitWatch {
  /** Checks hits of a field from now on. Undefined for what is written behind: its newest value is in the journal. */
  watch<Call>(policy: ReadPolicy, begin: (call: Call, place: Located) => Load): NoteHit<Call> | undefined;
}

/** What lives as long as the cache and is shared by all patterns. */
export interface Services {
  readonly entries: Entries;
  readonly loads: SingleFlight<Loaded>;
  readonly background: Background;
  /** Of loads that fail, for readers who have a stale value. */
  readonly backOff: BackOff;
  readonly traces: Traces;
  readonly clock: Clock;
  /** How long readers wait for a load who could have a stale value, unless their field says it. */
  readonly softTimeoutMs: number | undefined;
  readonly log: CacheLog;
  /** Of what many requests run into at once. */
  readonly troubles: Troubles;
  /** Told of an entry that is not for this field or this reader: throws, in production it is logged and counted. */
  readonly refuse: (field: EntryField, reason: string) => void;
  readonly viewerOf: ViewerOf;
  /** What entries can vary by. */
  readonly variants: Variants;
  /** Asked before a cached value is handed out; undefined where the cache was not told to. */
  readonly authorize: Authorize | undefined;
  readonly contextOfLoad: LoadContext;
  /** Checks a share of the hits; undefined where nothing is checked. */
  readonly shadow: HitWatch | undefined;
  /** Waits until a write may be acknowledged. */
  readonly acknowledge: Acknowledge;
  readonly boundedWrites: BoundedWrites;
  readonly acceptedWrites: AcceptedWrites;
  /** False where a write would be refused, because the store is away and its loss must not be survived. */
  mayWrite(): Promise<boolean>;
}
