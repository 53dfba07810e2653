import { CacheError } from '../errors.js';
import { viewerInKey } from '../keys/default-key.js';
import { variantPart, viewerTag, type VaryValues } from '../keys/variant.js';
import { hintOf } from '../nearest-name.js';
import type { Variants } from '../vary/variants.js';
import { faultOf } from '../vary/vary-value.js';

/** The tag that all entries carry with this value of one name. @throws CacheError where there is no such name or value. */
export function tagOfVariant(given: VaryValues, { functions }: Variants): string {
  const [entry, ...more] = Object.entries(given);
  if (entry === undefined || more.length > 0) {
    throw refused('must be given one name and its value, such as { tenant: "acme" }');
  }
  const [name, value] = entry;
  const fault = varyFault(name, value, [...functions.keys()]);
  if (fault !== undefined) throw refused(fault);
  return variantPart(name, value);
}

/** What is wrong with a name and its value; undefined where nothing is. */
export function varyFault(name: string, value: unknown, declared: readonly string[]): string | undefined {
  if (!declared.includes(name)) {
    const hint = hintOf(name, declared);
    return `there is no "${name}" in vary of createCache${hint === undefined ? '' : ` (${hint})`}`;
  }
  const fault = faultOf(value);
  return fault === undefined
    ? undefined
    : `the value of "${name}" cannot be ${fault.replace('return', 'pass')}`;
}

/** The tag that all entries of one viewer carry. @throws CacheError for what is no viewer. */
export function tagOfViewer(viewerId: string | number): string {
  const isId = typeof viewerId === 'string' ? viewerId !== '' : Number.isFinite(viewerId);
  if (!isId) {
    throw new CacheError(
      'CACHE_VIEWER',
      'cache.clearViewer: must be given the id of a viewer, a text or a number',
    );
  }
  return viewerTag(viewerInKey(viewerId));
}

function refused(fault: string): CacheError {
  return new CacheError('CACHE_VARY', `cache.clearVariant: ${fault}`);
}
