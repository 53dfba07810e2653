/**
 * What the text of a generation tells. A new one is its **root** alone. A write that stores its row, and an invalidation that knows
 * the version of the row, make another generation with the same root: `root~version~id`, with the latest version that was seen
 * since the root. An invalidation without a version, an eviction and an expiry end the root, too.
 *
 * So who knows what the generation was before a transaction began can tell after its commit whether a later version was seen
 * since, and whether that is known.
 */
const PARTS = '~';

/** The generation of a row of this version. The root is that of `before`, and so is the version where that one is later. */
export function generationOfVersion(before: string, version: number, id: string): string {
  return [rootOf(before), Math.max(version, versionIn(before)), id].join(PARTS);
}

/**
 * Whether a row of this version may be stored under a key with the `present` generation, if it was `captured` before its
 * transaction began: since the root only earlier versions were seen, or this one. It is asked where nothing has ended since, too: a
 * resolver that has changed nothing may return a row that its session had read long before.
 */
export function mayBeStored(present: string | undefined, captured: string, version: number): boolean {
  return present !== undefined && rootOf(present) === rootOf(captured) && version >= versionIn(present);
}

function rootOf(generation: string): string {
  const [root = ''] = generation.split(PARTS, 1);
  return root;
}

/** The latest version that was seen; below all of them where none was. */
function versionIn(generation: string): number {
  const [, version] = generation.split(PARTS, 2);
  return version === undefined ? -1 : Number(version);
}
