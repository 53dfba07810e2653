import type { FieldCounters } from '../metrics/field-counters.js';
import type { Template, TemplateInputs } from '../keys/template.js';
import type { EntryField } from '../coherence/entry-field.js';
import type { VariantOf } from '../vary/variants.js';
import type { ViewerOf } from '../vary/viewer-id.js';
import type { CacheScope, Located, Unlocated } from './read-policy.js';

export type WritePattern = 'WRITE_THROUGH' | 'HYBRID' | 'WRITE_BEHIND';

/** Everything about one mutation that stores what it writes, decided at start-up and frozen. */
export interface WritePolicy extends EntryField {
  readonly coordinate: string;
  readonly pattern: WritePattern;
  readonly scope: CacheScope;
  /** The namespace of its key. */
  readonly namespace: string;
  readonly keyTemplate: Template;
  readonly usesViewer: boolean;
  /** As of the fields that read. */
  readonly vary: readonly string[];
  /** Notes nothing: the resolver may still say which tenant it is. */
  readonly variantOf: VariantOf | undefined;
  /** True where its key means entries as well whose rows belong to no value of `varyTags`. */
  readonly reachesAll: boolean;
  /** Copies what key and tags read of the arguments, where they are named after the resolver. */
  takeArguments(args: TemplateInputs['args']): TemplateInputs['args'];
  /** Names the entry of a call, from its arguments and its viewer. */
  locate(inputs: TemplateInputs): Located | Unlocated;
}

/** What a mutation field invalidates. */
export interface InvalidationPolicy {
  readonly coordinate: string;
  readonly counters: FieldCounters;
  /** False for mutations without a directive: they only wait for what triggers wrote down. */
  readonly isDeclared: boolean;
  /** Its tags as evidence shows them. */
  readonly shown: (tags: string) => string;
  /**
   * Takes what its tags are named by, before the resolver runs, which may change all of it.
   * @throws CacheError where `viewer` or a function of `varyTags` does: nothing is written then.
   */
  begin(call: BegunWrite): TagsOf;
}

/** A call of a mutation whose resolver has not run yet. */
interface BegunWrite {
  readonly args: TemplateInputs['args'];
  readonly context: unknown;
  readonly viewerOf: ViewerOf;
}

/** The tags of a call that returned this; those that need a result are left out where it is null. Never throws. */
export type TagsOf = (result: unknown) => NamedTags;

export interface NamedTags {
  /** Those that need no waiting. */
  readonly tags: readonly string[];
  /** The others, where promises in the result name some: waited for within a bound. Never rejects. */
  readonly later: Promise<readonly string[]> | undefined;
}
