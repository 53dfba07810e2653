import { namespaceOf, namespaceOfSource, namespaceOfTemplate } from '../keys/namespace.js';
import { isInterfaceType, isIntrospectionType, isObjectType, type GraphQLSchema } from 'graphql';
import { parseTemplate, type Template } from '../keys/template.js';
import type { InvalidationPolicy } from '../policy/write-policy.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import type { Variants } from '../vary/variants.js';
import type { WritePolicy } from '../policy/write-policy.js';
import { checkMetTags, type NamedTag, type TagsToMeet } from '../policy/check-met-tags.js';
import { checkPairs, type InvalidationUse, type PatternUse } from '../policy/check-pairs.js';
import { checkSharedKeys, type KeyUse } from '../policy/check-shared-keys.js';
import {
  compileInvalidation,
  undeclaredInvalidation,
  type InvalidationOptions,
} from '../policy/compile-invalidation.js';
import { compileReadPolicy, type CompileOptions } from '../policy/compile-read-policy.js';
import { compileWritePolicy } from '../policy/compile-write-policy.js';
import type { CachedArguments, FieldSite } from '../policy/field-site.js';
import { checkUsedVary } from '../policy/check-vary.js';
import { isReadPattern, isWritePattern } from '../policy/pattern-table.js';
import { readNamespaces, type CachedAt, type ReadNamespaces } from '../policy/read-namespaces.js';
import { rowNamesOf as rowNamesOfTag, type RowTemplate } from '../policy/row-names.js';
import { describeField } from './describe-field.js';
import { describeEntity, entityFaults, entityOf } from './entity.js';
import { equalEnumFaults } from './equal-enum-values.js';
import { innerCheckFaults } from './inner-checks.js';
import { readCachedType, readDirectives } from './read-directives.js';
import { directivesOnType } from './stray-directives.js';

/** Every policy of a schema, by coordinate, or every fault. */
export interface SchemaPlan {
  readonly reads: ReadonlyMap<string, ReadPolicy>;
  /** Of the mutations that store what they write. */
  readonly writes: ReadonlyMap<string, WritePolicy>;
  /** Of every mutation; those without a directive invalidate nothing by themselves. */
  readonly invalidations: ReadonlyMap<string, InvalidationPolicy>;
  /** Of all keys and tags that entries can have. */
  readonly namespaces: ReadNamespaces;
  /** Whole sentences, in the order of the schema. */
  readonly faults: readonly string[];
}

export interface PlanOptions
  extends
    Omit<CompileOptions, 'behind'>,
    Omit<InvalidationOptions, 'rowNamesOf' | 'variants'>,
    Pick<TagsToMeet, 'fetches'> {
  /** True where `authorize` is asked before cached values are handed out. */
  readonly authorizes: boolean;
}

/** Compiles all directives of a schema. Nothing is thrown: faults are collected, so that they are reported together. */
export function planSchema(schema: GraphQLSchema, options: PlanOptions): SchemaPlan {
  const reads = new Map<string, ReadPolicy>();
  const writes = new Map<string, WritePolicy>();
  const invalidations = new Map<string, InvalidationPolicy>();
  const faults: string[] = [];
  const keyUses: KeyUse[] = [];
  const uses: PatternUse[] = [];
  const invalidationUses: InvalidationUse[] = [];
  const allCached: CachedAt[] = [];
  const namedTags: NamedTag[] = [];
  const rows: RowTemplate[] = [];
  const varying = new Set<string>();
  const behind = behindIn(schema);
  const rowNamesOf = (tag: Template): readonly string[] =>
    rowNamesOfTag(tag, { rows, fetches: options.fetches ?? [] });
  let isAllRead = true;
  const addCached = (site: FieldSite, cached: CachedArguments, more: readonly string[], at: string): void => {
    const { coordinate } = site;
    const { pattern, local } = cached;
    allCached.push({ ...cached, coordinate });
    const compiled = compileCached(site, cached, { ...options, behind });
    faults.push(...[...compiled.faults, ...more].map((fault) => `@cached on ${at}: ${fault}`));
    if (compiled.read !== undefined) reads.set(coordinate, compiled.read);
    if (compiled.write !== undefined) writes.set(coordinate, compiled.write);
    for (const name of cached.vary ?? []) varying.add(name);
    const policy = compiled.read ?? compiled.write;
    for (const name of policy?.vary ?? []) varying.add(name);
    if (policy !== undefined) rows.push(...rowTemplates(cached, policy.vary, options.variants));
    if (compiled.keyUse !== undefined) {
      keyUses.push(compiled.keyUse);
      uses.push({ coordinate, pattern, local, namespace: namespaceOfTemplate(compiled.keyUse.key) });
    }
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !(isObjectType(type) || isInterfaceType(type))) continue;
    const entity = isObjectType(type) ? entityOf(schema, type) : undefined;
    faults.push(...directivesOnType(type, entity !== undefined));
    const onType = entity && readCachedType(schema, entity.type);
    faults.push(...(onType?.faults ?? []));
    if (onType !== undefined && onType.cached === undefined) isAllRead = false;
    if (entity !== undefined && onType?.cached !== undefined) {
      const { cached } = onType;
      addCached(describeEntity(schema, entity), cached, entityFaults(entity, cached), type.name);
    }
    for (const field of Object.values(type.getFields())) {
      const site = describeField(schema, type, field);
      const { coordinate } = site;
      const directives = readDirectives(schema, field, coordinate);
      faults.push(...directives.faults);
      const { cached } = directives;
      if (cached === undefined && directives.faults.length > 0) isAllRead = false;
      if (cached !== undefined) {
        const { authorizes } = options;
        const isRead = isReadPattern(cached.pattern) && isObjectType(type);
        const skipped = isRead ? innerCheckFaults({ schema, parent: type, field, cached, authorizes }) : [];
        addCached(site, cached, [...skipped, ...equalEnumFaults(type, field, cached)], coordinate);
      }
      if (directives.invalidates !== undefined) {
        const compiled = compileInvalidation(site, directives.invalidates, { ...options, rowNamesOf });
        faults.push(...compiled.faults.map((fault) => `@invalidates on ${coordinate}: ${fault}`));
        if (compiled.policy !== undefined) invalidations.set(coordinate, compiled.policy);
        invalidationUses.push(...compiled.namespaces.map((namespace) => ({ coordinate, namespace })));
        // Elsewhere the directive is to be moved, with all of its tags.
        if (site.kind === 'mutation')
          namedTags.push(...compiled.templates.map((template) => ({ coordinate, template })));
      } else if (site.kind === 'mutation') {
        invalidations.set(coordinate, undeclaredInvalidation(coordinate, options));
      }
    }
  }
  faults.push(
    ...checkSharedKeys(keyUses),
    ...checkPairs(uses, invalidationUses),
    ...checkUnvaried(reads, writes),
    // What a field that could not be compiled varies by is not known.
    ...(faults.length > 0 ? [] : checkUsedVary([...options.variants.functions.keys()], varying)),
    // The keys and tags of a directive that could not be read are not known.
    ...(isAllRead ? checkMetTags(namedTags, { cached: allCached, fetches: options.fetches }) : []),
  );
  const namespaces = readNamespaces(allCached);
  const stored = withRows(writes, rowNamesOf);
  return { reads: withPending(reads, stored), writes: stored, invalidations, namespaces, faults };
}

/** The namespaces that mutations write behind, before anything is compiled: the keys of all fields that have them depend on it. */
function behindIn(schema: GraphQLSchema): ReadonlySet<string> {
  const mutation = schema.getMutationType();
  const fields = Object.values(mutation?.getFields() ?? {});
  return new Set(
    fields.flatMap((field) => {
      const { cached } = readDirectives(schema, field, `${mutation?.name}.${field.name}`);
      const isBehind = cached?.pattern === 'WRITE_BEHIND' && typeof cached.key === 'string';
      return isBehind ? [namespaceOfSource(cached.key)] : [];
    }),
  );
}

interface CompiledCached {
  readonly read?: ReadPolicy | undefined;
  readonly write?: WritePolicy | undefined;
  readonly keyUse: KeyUse | undefined;
  readonly faults: readonly string[];
}

function compileCached(site: FieldSite, cached: CachedArguments, options: CompileOptions): CompiledCached {
  const { pattern } = cached;
  if (site.kind === 'mutation' && isWritePattern(pattern)) {
    const { policy, ...compiled } = compileWritePolicy(site, { ...cached, pattern }, options);
    return { ...compiled, write: policy };
  }
  const { policy, ...compiled } = compileReadPolicy(site, cached, options);
  return { ...compiled, read: policy };
}

/** What a tag can mean of the entries of one field, and whose rows these are. */
function rowTemplates(
  { key, tags }: CachedArguments,
  vary: readonly string[],
  { rowNames }: Variants,
): readonly RowTemplate[] {
  const sources = [...(typeof key === 'string' ? [key] : []), ...tags];
  return sources.flatMap((source) => {
    const template = parseTemplate(source);
    if (typeof template === 'string') return [];
    return [{ template, rowNames: vary.filter((name) => rowNames.has(name)) }];
  });
}

/** Writes whose rows are a tenant's own, and whose keys also mean entries that are the same for all, reach those too. */
function withRows(
  writes: ReadonlyMap<string, WritePolicy>,
  rowNamesOf: (tag: Template) => readonly string[],
): ReadonlyMap<string, WritePolicy> {
  return new Map(
    Array.from(writes, ([coordinate, policy]) => {
      const reachesAll = rowNamesOf(policy.keyTemplate).length === 0;
      return [coordinate, Object.freeze({ ...policy, reachesAll })];
    }),
  );
}

/** Faults of reads that vary, of what is written behind. */
function checkUnvaried(
  reads: ReadonlyMap<string, ReadPolicy>,
  writes: ReadonlyMap<string, WritePolicy>,
): string[] {
  const behind = writtenBehind(writes);
  return [...reads.values()].flatMap(({ coordinate, keyText, vary }) => {
    const namespace = namespaceOf(keyText);
    if (vary.length === 0 || !behind.has(namespace)) return [];
    return [
      `@cached on ${coordinate}: cannot vary (${vary.join(', ')}), because the namespace "${namespace}" is written behind and a ` +
        "pending write holds the state of its writer's variant only; remove it from vary, or name it in sameFor",
    ];
  });
}

/** The namespaces that are written behind. */
export function writtenBehind(writes: ReadonlyMap<string, WritePolicy>): ReadonlySet<string> {
  return new Set(
    [...writes.values()].flatMap(({ pattern, namespace }) => (pattern === 'WRITE_BEHIND' ? [namespace] : [])),
  );
}

/** Reads of what is written behind see pending writes: their loads ask the journal, and no process keeps copies. */
function withPending(
  reads: ReadonlyMap<string, ReadPolicy>,
  writes: ReadonlyMap<string, WritePolicy>,
): ReadonlyMap<string, ReadPolicy> {
  const behind = writtenBehind(writes);
  return new Map(
    Array.from(reads, ([coordinate, policy]) => {
      if (!behind.has(namespaceOf(policy.keyText))) return [coordinate, policy];
      return [coordinate, Object.freeze({ ...policy, isShared: false, isWrittenBehind: true })];
    }),
  );
}
