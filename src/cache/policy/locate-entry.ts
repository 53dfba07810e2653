import { MAX_TAGS } from '../codec/entry.js';
import { CacheError } from '../errors.js';
import { keyComponent, type Component } from '../keys/component.js';
import { defaultKey, viewerInKey } from '../keys/default-key.js';
import { holdsViewerAt } from '../keys/holds-viewer.js';
import { idText } from '../keys/id-text.js';
import { meetingTexts } from '../keys/meeting-texts.js';
import { isShortened, shortenKey } from '../keys/shorten-key.js';
import {
  fillTemplate,
  joinTemplate,
  valueOf,
  type Placeholder,
  type Template,
  type TemplateInputs,
} from '../keys/template.js';
import { UnkeyableValue } from '../keys/unkeyable-value.js';
import { viewerTag, type Variant } from '../keys/variant.js';
import { variantPlace } from '../keys/variant-place.js';
import type { Located, ReadPolicy, Unlocated } from './read-policy.js';
import { renderTag, textsOf } from './render-tags.js';
import { compileUnnamedTag, type UnnamedTag } from './unnamed-tags.js';

const NO_TAGS: readonly string[] = Object.freeze([]);

export interface LocateOptions {
  readonly coordinate: string;
  /** Undefined for the default key. */
  readonly key: Template | undefined;
  /** How the values of the placeholders of `key` are written; as in tags where it is not said. */
  readonly components: readonly Component[];
  /** Default keys: how the id of the parent is written. */
  readonly parentIdComponent: Component;
  /** The placeholder of `key` that holds the list, where each element is an entry. */
  readonly elementAt: number | undefined;
  readonly tags: readonly Template[];
  /** Told once of a tag for which a parent had no value. */
  readonly onUnnamed?: (tag: UnnamedTag) => void;
  readonly isPrivate: boolean;
  /** True where its entries are their viewer's own, and are cleared with the viewer's tag. */
  readonly carriesViewer: boolean;
  readonly hasParent: boolean;
  /** True where an origin is asked by the id in the key. */
  readonly needsId: boolean;
  /** What the schema calls the type of that id; undefined where it does not know it. */
  readonly idType?: string | undefined;
}

/** Compiles key and tags into the function that names the entry of a call. */
export function compileLocate(options: LocateOptions): ReadPolicy['locate'] {
  const keyOf = options.key === undefined ? compileDefaultKey(options) : compileKey(options, options.key);
  const tagsOf = compileTags(options.tags);
  const unnamedTagOf = compileUnnamedTag(options.tags);
  const onUnnamed = once(options.onUnnamed);
  const isCutOff = compileIsCutOff(options);
  const ownerOf = compileOwner(options);
  const locate: ReadPolicy['locate'] = (inputs, element) => {
    const owner = options.isPrivate ? ownerOf(inputs.viewerId) : undefined;
    if (options.isPrivate && owner === undefined) {
      return unlocated('no viewer', idOf(options, inputs, element));
    }
    const viewer = owner?.text;
    try {
      const named = keyOf(inputs, element);
      if ('reason' in named) return named;
      const { key: row, others, pendingKey } = named;
      if (viewer !== undefined && isCutOff(row, viewer)) {
        return unlocated('the key is too long to show its viewer', idOf(options, inputs, element));
      }
      const unnamed = unnamedTagOf(inputs);
      if (unnamed !== undefined) {
        onUnnamed(unnamed);
        const reason = `tag "${unnamed.tag}": ${unnamed.placeholder} has no value`;
        return unlocated(reason, idOf(options, inputs, element));
      }
      const own = tagsOf(inputs);
      const meant = others.length === 0 ? own : [...new Set([...own, ...others])];
      if (meant.length > MAX_TAGS)
        return unlocated(`more than ${MAX_TAGS} tags`, idOf(options, inputs, element));
      const id = idOf(options, inputs, element) ?? '';
      const owned = options.carriesViewer ? owner?.tags : undefined;
      const { key, row: of, tags } = variantPlace({ row, tags: meant, variant: inputs.variant, owned });
      const unvaried = of === undefined ? undefined : row;
      // One literal, so that all places are of one shape.
      return {
        key,
        row: of,
        tags,
        id,
        viewer,
        unvaried,
        others,
        pendingKey,
        slot: undefined,
        named: undefined,
      };
    } catch (error) {
      if (!(error instanceof UnkeyableValue)) throw error;
      return unlocated(error.message, idOf(options, inputs, element));
    }
  };
  return rememberingIds(options, locate);
}

/** Most ids of which the place is remembered, for each field. */
const REMEMBERED_IDS = 10_000;
/** Longer ones are not worth keeping. */
const REMEMBERED_LENGTH = 64;

/**
 * Where one id decides, as in most keys, the place of an id that was seen before is the same object: nothing is built
 * for it, and nothing is hashed again.
 */
function rememberingIds(options: LocateOptions, locate: ReadPolicy['locate']): ReadPolicy['locate'] {
  const { key, tags, elementAt, isPrivate } = options;
  const [placeholder, ...more] = key?.placeholders ?? [];
  const isFixed = tags.every(({ placeholders }) => placeholders.length === 0);
  if (placeholder === undefined || more.length > 0 || isPrivate || !isFixed) return locate;
  const variants = new VariantPlaces();
  // Elements of a list come one after the other, and fields that do not vary have no variant at all.
  let variant: Variant | undefined;
  let places = variants.of(variant);
  return (inputs, element) => {
    const id = elementAt === 0 ? element : valueOf(placeholder, inputs);
    // A Map takes -0 for 0, which keys do not.
    const isPlain =
      (typeof id === 'number' && !Object.is(id, -0)) ||
      (typeof id === 'string' && id.length <= REMEMBERED_LENGTH);
    if (!isPlain) return locate(inputs, element);
    if (inputs.variant !== variant) {
      variant = inputs.variant;
      places = variants.of(variant);
    }
    const known = places.get(id);
    if (known !== undefined) return known;
    const place = locate(inputs, element);
    if (place.reason !== undefined) return place;
    if (variants.isFull) places = variants.clear(variant);
    variants.add(places, id, place);
    return place;
  };
}

type Places = Map<string | number, Located>;

/** The places of ids that were seen lately, of each variant; of all variants together so many are remembered. */
class VariantPlaces {
  #places = new WeakMap<Variant, Places>();
  #unvaried: Places = new Map();
  #known = 0;

  get isFull(): boolean {
    return this.#known >= REMEMBERED_IDS;
  }

  of(variant: Variant | undefined): Places {
    if (variant === undefined) return this.#unvaried;
    let places = this.#places.get(variant);
    if (places === undefined) {
      places = new Map();
      this.#places.set(variant, places);
    }
    return places;
  }

  add(places: Places, id: string | number, place: Located): void {
    places.set(id, place);
    this.#known += 1;
  }

  /** Forgets all; the places of this variant from now on. */
  clear(variant: Variant | undefined): Places {
    this.#known = 0;
    this.#places = new WeakMap();
    this.#unvaried = new Map();
    return this.of(variant);
  }
}

/** A key, and the other tags under which it meets those who spell it otherwise; mostly none. */
interface Named {
  readonly key: string;
  readonly others: readonly string[];
  readonly pendingKey: string;
}

type KeyOf = (inputs: TemplateInputs, element: unknown) => Named | Unlocated;

/** Whose entries a PRIVATE field reads. */
interface Owner {
  /** As it stands in keys: in a template's as it is, so that writes can name the same; in default keys bounded in length. */
  readonly text: string;
  /** The tag that clears everything of the viewer, alone. */
  readonly tags: readonly string[];
}

/** Most viewers that are remembered, for each field. */
const REMEMBERED_VIEWERS = 10_000;

/** A viewer mostly comes again: nothing is built for it. */
function compileOwner({ key }: LocateOptions): (viewerId: TemplateInputs['viewerId']) => Owner | undefined {
  let owners = new Map<string | number, Owner>();
  return (viewerId) => {
    if (viewerId === undefined) return undefined;
    const known = owners.get(viewerId);
    if (known !== undefined) return known;
    const bounded = viewerInKey(viewerId);
    const text = key === undefined ? bounded : keyComponent(viewerId);
    const owner: Owner = { text, tags: Object.freeze([viewerTag(bounded)]) };
    if (owners.size >= REMEMBERED_VIEWERS) owners = new Map();
    owners.set(viewerId, owner);
    return owner;
  };
}

/** Whether a key was cut before its viewer: then the key would not say whose it is. */
function compileIsCutOff({
  key: template,
  isPrivate,
}: LocateOptions): (key: string, viewer: string) => boolean {
  if (template === undefined || !isPrivate) return () => false;
  const holdsViewer = holdsViewerAt(template);
  return (key, viewer) => isShortened(key) && !holdsViewer(key, viewer);
}

function compileDefaultKey({ coordinate, hasParent, isPrivate, parentIdComponent }: LocateOptions): KeyOf {
  return ({ args, parent, viewerId }) => {
    const parentId = hasParent ? idFieldOf(parent) : undefined;
    if (hasParent && (parentId === undefined || parentId === null))
      return unlocated('the parent has no id', undefined);
    const owner = isPrivate ? viewerId : undefined;
    const key = defaultKey({ coordinate, parentId, parentIdComponent, args, viewerId: owner });
    return { key, others: NO_TAGS, pendingKey: key };
  };
}

function idFieldOf(parent: unknown): unknown {
  return typeof parent === 'object' && parent !== null && 'id' in parent ? parent.id : undefined;
}

function compileKey(
  { coordinate, elementAt, needsId, components }: LocateOptions,
  template: Template,
): KeyOf {
  const isAsInTags = components.every((component) => component === keyComponent);
  return (inputs, element) => {
    const values = template.placeholders.map((placeholder, index) =>
      index === elementAt ? element : valueOf(placeholder, inputs),
    );
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      const placeholder = template.placeholders[index];
      if (value === undefined && placeholder?.root === 'parent') {
        if (needsId) throw parentLacks(coordinate, placeholder);
        return unlocated(`${placeholder.text} has no value`, undefined);
      }
      if (needsId && (value === undefined || value === null)) return unlocated('no id', undefined);
    }
    const text = joinTemplate(template, values, components);
    const key = shortenKey(text);
    const met = meetingTexts({ template, values, components, text });
    // The journal has it under the text that its origin is told what to write by.
    const pendingKey = isAsInTags ? key : fillTemplate(template, values);
    return { key, others: met.length === 0 ? met : met.filter((tag) => tag !== key), pendingKey };
  };
}

function parentLacks(coordinate: string, { text, path }: Placeholder): CacheError {
  return new CacheError(
    'CACHE_KEY_WITHOUT_VALUE',
    `${coordinate}: the key's ${text} has no value, because the parent that was returned has no ${path.join('.')}; ` +
      'return it with the parent, or correct the placeholder',
  );
}

function compileTags(templates: readonly Template[]): (inputs: TemplateInputs) => readonly string[] {
  if (templates.length === 0) return () => NO_TAGS;
  if (templates.every(({ placeholders }) => placeholders.length === 0)) {
    const fixed = Object.freeze(templates.flatMap((template) => textsOf(template, [])));
    return () => fixed;
  }
  return (inputs) => templates.flatMap((template) => renderTag(template, inputs));
}

/** The id under which the origin knows the entry: the value of the key's only placeholder. */
function idOf(options: LocateOptions, inputs: TemplateInputs, element: unknown): string | undefined {
  const { key, elementAt, needsId } = options;
  if (!needsId) return undefined;
  const placeholder: Placeholder | undefined = key?.placeholders[0];
  const value = elementAt === 0 ? element : placeholder && valueOf(placeholder, inputs);
  if (value === undefined || value === null) return undefined;
  return idText(value) ?? refuseId(options, placeholder);
}

function refuseId({ coordinate, idType }: LocateOptions, placeholder: Placeholder | undefined): never {
  const type = idType === undefined ? '' : ` (${idType})`;
  throw new CacheError(
    'CACHE_ID_WITHOUT_TEXT',
    `${coordinate}: the key's ${placeholder?.text ?? 'id'}${type} has a value without a text of its own, such as an object, by ` +
      'which no origin can be asked; have its scalar make a string, a number, a boolean or a Date of it, or resolve the field ' +
      'with another pattern',
  );
}

function once(tell: LocateOptions['onUnnamed']): (tag: UnnamedTag) => void {
  let isTold = tell === undefined;
  return (tag) => {
    if (isTold) return;
    isTold = true;
    tell?.(tag);
  };
}

function unlocated(reason: string, id: string | undefined): Unlocated {
  return { reason, id };
}
