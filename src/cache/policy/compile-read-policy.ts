import { endsInViewer, holdsViewerAt } from '../keys/holds-viewer.js';
import { valueOf, type Placeholder, type Template, type TemplateInputs } from '../keys/template.js';
import type { LiveCounters } from '../metrics/field-counters.js';
import type { ReadPattern, ReadPolicy } from './read-policy.js';
import { checkDurations } from './check-durations.js';
import { checkPattern } from './check-pattern.js';
import type { KeyUse } from './check-shared-keys.js';
import { checkTemplate, reachedBy } from './check-template.js';
import { compileVary, type CompiledVary, type VaryOptions } from './compile-vary.js';
import type { CachedArguments, FieldSite } from './field-site.js';
import { keyUseOf } from './key-use.js';
import { compileLocate } from './locate-entry.js';
import { placeholderComponents } from './placeholder-components.js';
import { namespaceOfTemplate } from '../keys/namespace.js';
import { isReadPattern } from './pattern-table.js';
import type { UnnamedTag } from './unnamed-tags.js';

/** Of its ttl, after which a kept warm entry is refreshed unless its field says it. */
const REFRESH_SHARE = 0.8;

export interface CompileOptions extends VaryOptions {
  /** Namespaces with a registered origin that loads. */
  readonly origins: ReadonlySet<string>;
  /** Namespaces with a registered origin that flushes. */
  readonly flushing: ReadonlySet<string>;
  /** Namespaces that are written behind. */
  readonly behind: ReadonlySet<string>;
  /** True where there is a journal that all processes share, or there is one process only. */
  readonly hasJournal: boolean;
  /** True where the cache was told how to find the viewer. */
  readonly knowsViewer: boolean;
  /** For fields that do not say it themselves. */
  readonly softTimeoutMs?: number | undefined;
  readonly countersOf: (coordinate: string) => LiveCounters;
  /** Told once a field of a tag for which a parent had no value: such reads go past the cache. */
  readonly onUnnamedByParent: (coordinate: string, tag: UnnamedTag) => void;
}

export interface CompiledRead {
  readonly policy: ReadPolicy | undefined;
  readonly keyUse: KeyUse | undefined;
  /** Each as the end of a sentence that begins with the coordinate. */
  readonly faults: readonly string[];
}

/** Turns one `@cached` into a frozen policy, or into everything that is wrong with it. */
export function compileReadPolicy(
  site: FieldSite,
  cached: CachedArguments,
  options: CompileOptions,
): CompiledRead {
  const faults = [...checkPattern(site, cached), ...checkDurations(cached)];
  const key = checkKey(site, cached, faults);
  const tags = checkTags(site, cached, faults);
  faults.push(...checkScope(cached, { key, tags, knowsViewer: options.knowsViewer }));
  const elementAt = key === undefined ? undefined : elementPlaceholder(site, key);
  if (cached.pattern === 'READ_THROUGH') faults.push(...checkReadThrough(site, key, cached, options));
  else if (elementAt !== undefined) {
    faults.push(`key "${cached.key}" has a list placeholder, one entry per element; that needs READ_THROUGH`);
  }
  const vary = compileVary(site, cached, { options, faults });
  const typeText = elementAt === undefined ? site.typeText : (site.elementText ?? site.typeText);
  const keyUse = key && keyUseOf(site, cached, { key, tags, typeText, vary: vary.vary });
  const { pattern } = cached;
  if (faults.length > 0 || !isReadPattern(pattern)) return { policy: undefined, keyUse, faults };
  const counters = options.countersOf(site.coordinate);
  const softTimeoutMs = cached.softTimeoutMs ?? options.softTimeoutMs;
  const onUnnamed = (tag: UnnamedTag): void => options.onUnnamedByParent(site.coordinate, tag);
  const isWrittenBehind = key !== undefined && options.behind.has(namespaceOfTemplate(key));
  const how = { elementAt, counters, softTimeoutMs, vary, isWrittenBehind, onUnnamed };
  const parts = { site, cached, pattern, key, tags, ...how };
  return { policy: policyOf(parts), keyUse, faults };
}

interface Checked {
  readonly site: FieldSite;
  readonly cached: CachedArguments;
  readonly pattern: ReadPattern;
  readonly key: Template | undefined;
  readonly tags: readonly Template[];
  readonly elementAt: number | undefined;
  readonly counters: LiveCounters;
  readonly softTimeoutMs: number | undefined;
  readonly vary: CompiledVary;
  readonly isWrittenBehind: boolean;
  readonly onUnnamed: (tag: UnnamedTag) => void;
}

function policyOf(checked: Checked): ReadPolicy {
  const { site, cached, pattern, key, tags } = checked;
  const { elementAt, counters, softTimeoutMs, vary, isWrittenBehind, onUnnamed } = checked;
  const listPlaceholder = elementAt === undefined ? undefined : key?.placeholders[elementAt];
  const isPrivate = cached.scope === 'PRIVATE';
  const ttlMs = cached.ttl * 1000;
  const swrMs = cached.swr * 1000;
  const staleIfErrorMs = cached.staleIfError * 1000;
  return Object.freeze({
    coordinate: site.coordinate,
    pattern,
    scope: cached.scope,
    lifetime: Object.freeze({
      ttlMs,
      negativeTtlMs: (cached.negativeTtl ?? Math.max(1, cached.ttl / 10)) * 1000,
      staleMs: Math.max(swrMs, staleIfErrorMs),
      localMs: cached.local * 1000,
      maxBytes: cached.maxBytes,
    }),
    counters,
    swrMs,
    staleIfErrorMs,
    softTimeoutMs,
    refreshEveryMs:
      pattern === 'PREFETCH' ? (cached.refreshEvery ?? cached.ttl * REFRESH_SHARE) * 1000 : undefined,
    keyText: key?.source ?? '',
    namespace: key === undefined ? undefined : namespaceOf(key),
    namespaces: [...(key === undefined ? [] : [key]), ...tags].map(namespaceOfTemplate),
    usesViewer: isPrivate,
    isShared: !isPrivate,
    holdsViewer: !isPrivate ? undefined : key === undefined ? endsInViewer : holdsViewerAt(key),
    ...vary,
    isWrittenBehind: false,
    parentPaths: parentPaths(site, key, tags),
    elementsOf:
      listPlaceholder === undefined ? undefined : (inputs: TemplateInputs) => listOf(listPlaceholder, inputs),
    locate: compileLocate({
      coordinate: site.coordinate,
      key,
      components: placeholderComponents(site, key, { pattern, isWrittenBehind }),
      parentIdComponent: site.componentAt('parent', ['id']),
      elementAt,
      tags,
      onUnnamed,
      isPrivate,
      carriesViewer: isPrivate,
      hasParent: site.kind === 'object',
      needsId: pattern === 'READ_THROUGH',
      idType: idTypeOf(site, key),
    }),
  });
}

function idTypeOf(site: FieldSite, key: Template | undefined): string | undefined {
  const [placeholder] = key?.placeholders ?? [];
  return placeholder && site.typeNameAt(placeholder.root, placeholder.path);
}

/** A default key has the id of its parent. */
function parentPaths(
  { kind }: FieldSite,
  key: Template | undefined,
  tags: readonly Template[],
): ReadPolicy['parentPaths'] {
  const templates = key === undefined ? tags : [key, ...tags];
  const named = templates.flatMap(({ placeholders }) =>
    placeholders.flatMap(({ root, path }) => (root === 'parent' ? [path] : [])),
  );
  const paths = key === undefined && kind === 'object' ? [['id'], ...named] : named;
  const byName = new Map(paths.map((path) => [path.join('.'), path]));
  return Object.freeze([...byName.values()]);
}

function listOf(placeholder: Placeholder, inputs: TemplateInputs): readonly unknown[] | undefined {
  const list = valueOf(placeholder, inputs);
  return Array.isArray(list) ? list : undefined;
}

function checkKey(site: FieldSite, cached: CachedArguments, faults: string[]): Template | undefined {
  if (typeof cached.key === 'string') {
    const checked = checkTemplate(site, {
      name: 'key',
      source: cached.key,
      roots: ['args', 'parent', 'viewer'],
    });
    faults.push(...checked.faults);
    return checked.template;
  }
  if (cached.pattern !== 'READ_THROUGH' && site.kind === 'object' && !site.parentHasId) {
    faults.push(
      'needs a key, because its parent type has no field id; write for example key: "X:{parent.x}"',
    );
  }
  return undefined;
}

function checkTags(site: FieldSite, cached: CachedArguments, faults: string[]): Template[] {
  return cached.tags.flatMap((source) => {
    const checked = checkTemplate(site, { name: 'tag', source, roots: ['args', 'parent', 'viewer'] });
    faults.push(...checked.faults);
    return checked.template === undefined ? [] : [checked.template];
  });
}

function checkScope(
  { scope, key: source }: CachedArguments,
  { key, tags, knowsViewer }: { key: Template | undefined; tags: readonly Template[]; knowsViewer: boolean },
): string[] {
  const namesViewer = (template: Template | undefined): boolean =>
    template?.placeholders.some(({ root }) => root === 'viewer') ?? false;
  if (scope === 'PUBLIC') {
    return namesViewer(key) || tags.some(namesViewer)
      ? ['uses {viewer.id}, but is PUBLIC; give it scope: PRIVATE']
      : [];
  }
  const faults: string[] = [];
  if (key !== undefined && !namesViewer(key)) {
    faults.push(
      `key "${source}" of a PRIVATE field must contain {viewer.id}, so that viewers never share an entry`,
    );
  }
  if (!knowsViewer)
    faults.push('has scope: PRIVATE, but createCache was given no viewer; pass viewer: (context) => …');
  return faults;
}

function checkReadThrough(
  site: FieldSite,
  key: Template | undefined,
  cached: CachedArguments,
  { origins }: CompileOptions,
): string[] {
  if (typeof cached.key !== 'string') {
    return ['pattern READ_THROUGH needs a key that names the origin, for example key: "Movie:{args.id}"'];
  }
  if (key === undefined) return [];
  const namespace = namespaceOf(key);
  if (namespace === undefined) {
    return [
      `key "${cached.key}" of READ_THROUGH must be a namespace, a colon and one placeholder: "Movie:{args.id}"`,
    ];
  }
  const faults: string[] = [];
  if (!origins.has(namespace)) {
    faults.push(
      `no origin is registered for "${namespace}"; pass origins: { ${namespace}: { load } } to createCache`,
    );
  }
  const [placeholder] = key.placeholders;
  if (placeholder !== undefined && reachedBy(site, placeholder) === 'object') {
    faults.push(`key "${cached.key}" names an object, but an origin is asked by ids; name one of its fields`);
  }
  const isList = elementPlaceholder(site, key) !== undefined;
  if (isList && site.elementText === undefined) {
    faults.push(`key "${cached.key}" has a list placeholder, but the field is not a list`);
  }
  return faults;
}

/** `Movie` of `Movie:{args.id}`; undefined for keys of any other form. */
function namespaceOf(key: Template): string | undefined {
  const [before = '', after, ...more] = key.literals;
  if (key.placeholders.length !== 1 || after !== '' || more.length > 0) return undefined;
  return /^([A-Za-z_][A-Za-z0-9_]*):$/.exec(before)?.[1];
}

function elementPlaceholder(site: FieldSite, key: Template): number | undefined {
  const at = key.placeholders.findIndex((placeholder) => reachedBy(site, placeholder) === 'list');
  return at < 0 ? undefined : at;
}
