import { keyComponent } from '../keys/component.js';
import { holdsViewerAt } from '../keys/holds-viewer.js';
import type { Template } from '../keys/template.js';
import type { WritePattern, WritePolicy } from './write-policy.js';
import { checkDurations } from './check-durations.js';
import { checkPattern } from './check-pattern.js';
import type { KeyUse } from './check-shared-keys.js';
import { checkTemplate, reachedBy } from './check-template.js';
import type { CompileOptions } from './compile-read-policy.js';
import { compileVary } from './compile-vary.js';
import type { CachedArguments, FieldSite } from './field-site.js';
import { keyUseOf } from './key-use.js';
import { compileLocate } from './locate-entry.js';
import { namespaceOfTemplate } from '../keys/namespace.js';
import { placeholderComponents } from './placeholder-components.js';
import { compileTakeArguments } from './taken-arguments.js';

export interface CompiledWrite {
  readonly policy: WritePolicy | undefined;
  readonly keyUse: KeyUse | undefined;
  /** Each as the end of a sentence that begins with the coordinate. */
  readonly faults: readonly string[];
}

/** Turns the `@cached` of a mutation into a frozen policy, or into everything that is wrong with it. */
export function compileWritePolicy(
  site: FieldSite,
  cached: CachedArguments & { readonly pattern: WritePattern },
  options: CompileOptions,
): CompiledWrite {
  const faults = [...checkPattern(site, cached), ...checkDurations(cached), ...readOnlyArguments(cached)];
  const key = checkKey(site, cached, faults);
  const tags = cached.tags.flatMap((source) => {
    const checked = checkTemplate(site, { name: 'tag', source, roots: ['args', 'viewer'] });
    faults.push(...checked.faults);
    return checked.template === undefined ? [] : [checked.template];
  });
  const usesViewer = [...(key === undefined ? [] : [key]), ...tags].some(namesViewer);
  if (usesViewer && !options.knowsViewer) {
    faults.push('uses {viewer.id}, but createCache was given no viewer; pass viewer: (context) => …');
  }
  if (cached.scope === 'PRIVATE' && key !== undefined && !namesViewer(key)) {
    faults.push(
      `key "${cached.key}" of a PRIVATE field must contain {viewer.id}, so that viewers never share an entry`,
    );
  }
  if (
    key !== undefined &&
    cached.pattern === 'WRITE_BEHIND' &&
    !options.flushing.has(namespaceOfTemplate(key))
  ) {
    const namespace = namespaceOfTemplate(key);
    faults.push(
      `pattern WRITE_BEHIND needs an origin that can flush; pass origins: { ${namespace}: { flush } } to createCache`,
    );
  }
  if (cached.pattern === 'WRITE_BEHIND' && !options.hasJournal) {
    faults.push(
      'pattern WRITE_BEHIND over a store that processes share needs a journal that they share; pass journal: redisJournal(…) ' +
        'to createCache',
    );
  }
  const vary = compileVary(site, cached, { options, faults });
  const keyUse = key && keyUseOf(site, cached, { key, tags, vary: vary.vary });
  if (faults.length > 0 || key === undefined) return { policy: undefined, keyUse, faults };
  const { coordinate } = site;
  const namespace = namespaceOfTemplate(key);
  const policy: WritePolicy = Object.freeze({
    coordinate,
    pattern: cached.pattern,
    scope: cached.scope,
    namespace,
    keyTemplate: key,
    reachesAll: true,
    usesViewer,
    holdsViewer: namesViewer(key) ? holdsViewerAt(key) : undefined,
    ...vary,
    variantOf: vary.vary.length === 0 ? undefined : options.variants.unnoted(vary.vary, coordinate),
    counters: options.countersOf(coordinate),
    lifetime: Object.freeze({
      ttlMs: cached.ttl * 1000,
      negativeTtlMs: Math.max(1, cached.ttl / 10) * 1000,
      staleMs: 0,
      localMs: 0,
      maxBytes: cached.maxBytes,
    }),
    takeArguments: compileTakeArguments([key, ...tags]),
    locate: compileLocate({
      coordinate,
      key,
      components: options.origins.has(namespace)
        ? []
        : placeholderComponents(site, key, { isWrittenBehind: options.behind.has(namespace) }),
      parentIdComponent: keyComponent,
      elementAt: undefined,
      tags,
      isPrivate: usesViewer,
      carriesViewer: cached.scope === 'PRIVATE',
      hasParent: false,
      needsId: false,
    }),
  });
  return { policy, keyUse, faults };
}

function checkKey(site: FieldSite, cached: CachedArguments, faults: string[]): Template | undefined {
  const { pattern, key: source } = cached;
  if (typeof source !== 'string') {
    faults.push(
      `pattern ${pattern} needs the key of the entry that its readers use, for example key: "Movie:{args.id}"`,
    );
    return undefined;
  }
  if (source.includes('{result.')) {
    faults.push(
      `key "${source}" uses {result.x}, which is not known before the write; name the key by args or the viewer, ` +
        'or use @invalidates instead',
    );
    return undefined;
  }
  const { template, faults: wrong } = checkTemplate(site, {
    name: 'key',
    source,
    roots: ['args', 'viewer'],
  });
  faults.push(...wrong);
  if (template?.placeholders.some((placeholder) => reachedBy(site, placeholder) === 'list')) {
    faults.push(`key "${source}" has a list placeholder, but a write stores one entry`);
  }
  return template;
}

/** What only means something where an entry is read. */
function readOnlyArguments({
  swr,
  staleIfError,
  softTimeoutMs,
  local,
  negativeTtl,
}: CachedArguments): string[] {
  const given = Object.entries({ swr, staleIfError, softTimeoutMs, local, negativeTtl });
  return given.flatMap(([name, seconds]) =>
    typeof seconds !== 'number' || seconds === 0
      ? []
      : [`${name} is for fields that read; remove it, and write it beside those`],
  );
}

function namesViewer(template: Template): boolean {
  return template.placeholders.some(({ root }) => root === 'viewer');
}
