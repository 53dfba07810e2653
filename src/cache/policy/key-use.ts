import { skeletonOf, type Template } from '../keys/template.js';
import type { KeyUse } from './check-shared-keys.js';
import type { CachedArguments, FieldSite } from './field-site.js';

interface KeyParts {
  readonly key: Template;
  readonly tags: readonly Template[];
  readonly typeText?: string;
  readonly vary: readonly string[];
}

/** What fields with the same keys are compared by. */
export function keyUseOf(
  site: FieldSite,
  { scope, ttl }: Pick<CachedArguments, 'scope' | 'ttl'>,
  { key, tags, typeText = site.typeText, vary }: KeyParts,
): KeyUse {
  const { coordinate } = site;
  return {
    coordinate,
    key,
    typeText,
    scope,
    ttl,
    tags: tags.map(skeletonOf).sort().join(' '),
    vary: vary.join(' '),
  };
}
