import { textOf } from '../errors.js';
import {
  context,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type TracerProvider,
} from '@opentelemetry/api';
import { channels, type WorkChannel } from '../diagnostics/channels.js';
import type { LoadMessage, ReadMessage, WorkMessage } from '../diagnostics/messages.js';
import { onEnd, onStart, type Unsubscribe } from '../diagnostics/subscribe.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';

/** What `addCacheSpans` is told. */
export interface CacheSpansOptions {
  /** Whose tracer makes the spans; default: the one that is registered with `@opentelemetry/api`. */
  readonly tracerProvider?: TracerProvider;
  /** False to leave out reads that are nothing but fresh hits; default: true. */
  readonly hits?: boolean;
}

const spansOptions = { tracerProvider: true, hits: true } satisfies Record<keyof CacheSpansOptions, true>;

/** How work of one kind becomes a span. */
interface Shape<Message> {
  /** With nothing in it that a client can choose. */
  readonly name: (message: Message) => string;
  readonly attributes: (message: Message) => Attributes;
  /** What is known at the end only. */
  readonly outcome?: (message: Message) => Attributes;
  /** True for work that belongs to no request, whatever runs around it. */
  readonly isRoot?: (message: Message) => boolean;
  /** Called before a span ends; false where it is to be left out. */
  readonly isKept?: (message: Message, begun: Begun) => boolean;
}

/** A span under way. */
interface Begun {
  readonly span: Span;
  readonly parent: Span | undefined;
  hasChildren: boolean;
}

/**
 * Makes spans of what the caches of this process do, by the channels of `graphql-corral/diagnostics`: the span of a load is a child of
 * that of the read which began it, and reads that joined it link to it. Returns how to stop. Call it once; caches may be made before and
 * after. Parents are found where OpenTelemetry has a context manager.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function addCacheSpans(options: CacheSpansOptions = {}): Unsubscribe {
  const faults = unknownOptions(options, spansOptions);
  const { tracerProvider = trace.getTracerProvider(), hits = true } = options;
  if (typeof tracerProvider.getTracer !== 'function')
    faults.push('tracerProvider must be a provider of OpenTelemetry');
  if (typeof hits !== 'boolean') faults.push('hits must be true or false');
  refuseFaults('addCacheSpans', faults);
  const spans = new Spans(tracerProvider);
  const stops = [
    spans.follow(channels.read, {
      name: ({ coordinate }) => `cache.read ${coordinate}`,
      attributes: ({ coordinate, pattern }) => ({
        'corral.coordinate': coordinate,
        'corral.pattern': pattern,
      }),
      outcome: outcomeOf,
      isKept: (message, begun) => {
        if (!hits && !begun.hasChildren && isHit(message)) return false;
        for (const load of loadsOf(message)) spans.link(begun, load);
        return true;
      },
    }),
    spans.follow(channels.load, {
      name: ({ coordinates: [first = ''] }) => `cache.load ${first}`,
      attributes: ({ coordinates, entries, cause }) => ({
        'corral.coordinates': [...coordinates],
        'corral.entries': entries,
        'corral.load.cause': cause,
      }),
      isRoot: ({ cause }) => cause === 'warm',
    }),
    spans.follow(channels.invalidate, {
      name: ({ coordinate }) => `cache.invalidate ${coordinate}`,
      attributes: ({ coordinate, tags, namespaces }) => ({
        'corral.coordinate': coordinate,
        'corral.tags': tags,
        'corral.namespaces': [...namespaces],
      }),
      outcome: ({ isApplied = false }) => ({ 'corral.applied': isApplied }),
    }),
    spans.follow(channels.relay, {
      name: () => 'cache.relay',
      attributes: ({ rows, tags, namespaces, waitedMs }) => ({
        'corral.rows': rows,
        'corral.tags': tags,
        'corral.namespaces': [...namespaces],
        'corral.waited_ms': waitedMs,
      }),
      isRoot: () => true,
    }),
    spans.follow(channels.flush, {
      name: ({ namespace }) => `cache.flush ${namespace}`,
      attributes: ({ namespace, writes }) => ({ 'corral.namespace': namespace, 'corral.writes': writes }),
      isRoot: ({ isBehind }) => isBehind,
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

class Spans {
  readonly #provider: TracerProvider;
  readonly #begun = new WeakMap<WorkMessage, Begun>();
  readonly #bySpan = new WeakMap<Span, Begun>();

  constructor(provider: TracerProvider) {
    this.#provider = provider;
  }

  follow<Message extends WorkMessage>(channel: WorkChannel<Message>, shape: Shape<Message>): Unsubscribe {
    const tracer = this.#provider.getTracer('graphql-corral');
    const stops = [
      onStart(channel, (message) => {
        const isRoot = shape.isRoot?.(message) === true;
        const [active, attributes] = [context.active(), shape.attributes(message)];
        const parent = isRoot ? undefined : trace.getSpan(active);
        const span = tracer.startSpan(shape.name(message), { attributes, root: isRoot }, active);
        const begun = { span, parent, hasChildren: false };
        this.#begun.set(message, begun);
        this.#bySpan.set(span, begun);
        const around = parent && this.#bySpan.get(parent);
        if (around !== undefined) around.hasChildren = true;
        runIn(message, span);
      }),
      onEnd(channel, (message) => {
        const begun = this.#begun.get(message);
        if (begun === undefined || shape.isKept?.(message, begun) === false) return;
        begun.span.setAttributes(shape.outcome?.(message) ?? {});
        if ('error' in message) fail(begun.span, message.error);
        begun.span.end();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** Links to a load that another read began. */
  link({ span }: Begun, load: LoadMessage): void {
    const loading = this.#begun.get(load);
    if (loading === undefined || loading.parent === span) return;
    span.addLink({ context: loading.span.spanContext() });
  }
}

/** Has the work run where its span is the active one. */
function runIn(message: WorkMessage, span: Span): void {
  const inner = message.around;
  message.around = <T>(work: () => T): T =>
    context.with(trace.setSpan(context.active(), span), () => (inner === undefined ? work() : inner(work)));
}

function fail(span: Span, error: unknown): void {
  const isError = error instanceof Error;
  span.recordException(isError ? error : textOf(error));
  span.setAttribute('error.type', isError ? error.name : typeof error);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function isHit({ entries, error }: ReadMessage): boolean {
  return error === undefined && entries.every(({ outcome }) => outcome === 'HIT');
}

function loadsOf({ entries }: ReadMessage): ReadonlySet<LoadMessage> {
  return new Set(entries.flatMap(({ load }) => load ?? []));
}

function outcomeOf({ entries }: ReadMessage): Attributes {
  const each = <T>(values: readonly T[]): T[] => [...new Set(values)];
  return {
    'corral.entries': entries.length,
    'corral.outcomes': each(entries.map(({ outcome }) => outcome)),
    'corral.tiers': each(entries.flatMap(({ tier }) => tier ?? [])),
    'corral.reasons': each(entries.flatMap(({ reason }) => reason ?? [])),
  };
}
