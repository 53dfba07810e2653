import { canonicalFields } from './canonical.js';
import { keyComponent, type Component } from './component.js';
import { shortenKey } from './shorten-key.js';

/** The viewer as it stands in a default key. */
export function viewerInKey(viewerId: string | number): string {
  return shortenKey(keyComponent(viewerId));
}

export interface DefaultKeyParts {
  readonly coordinate: string;
  /** The parent's id, where the parent type is not a root type. */
  readonly parentId?: unknown;
  /** How that is written. */
  readonly parentIdComponent?: Component;
  readonly args: Readonly<Record<string, unknown>>;
  /** Only for PRIVATE fields. */
  readonly viewerId?: string | number | undefined;
}

/**
 * The key of a field without a template: `Movie.similar:5(first:10)@42`. Templates cannot contain a parenthesis, so
 * the two kinds of keys never meet.
 * @throws UnkeyableValue when an argument has no canonical text.
 */
export function defaultKey(parts: DefaultKeyParts): string {
  const { coordinate, parentId, parentIdComponent = keyComponent, args, viewerId } = parts;
  const parent = parentId === undefined ? '' : `:${parentIdComponent(parentId)}`;
  const viewer = viewerId === undefined ? '' : `@${viewerInKey(viewerId)}`;
  // The viewer stays readable however long the arguments are: see `endsInViewer`.
  return shortenKey(`${coordinate}${parent}(${canonicalFields(args)})`) + viewer;
}
