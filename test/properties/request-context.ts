import type { VaryValue } from '../../src/cache/types/index.js';
import type { World } from './world.js';

export type Viewer = string | number | undefined;
export type ContextKind = 'plain' | 'class' | 'class with methods';

/** Who asks, and what else decides the answers of fields that vary. */
export interface Asker {
  readonly viewer: Viewer;
  readonly tenant?: VaryValue | undefined;
  readonly locale?: VaryValue | undefined;
}

/** What resolvers are given; a new one for each request. */
export interface RequestContext {
  readonly world: World;
  readonly tenant: VaryValue | undefined;
  readonly locale: VaryValue | undefined;
  readonly viewer?: { readonly id: string | number } | undefined;
  versionOf(subject: string): number;
  /** Looks at `viewer`, which the context of a PUBLIC load does not reveal. */
  whoAsks(): Viewer;
}

/** A context as frameworks make them, with getters over what nobody else can see. */
class ContextOfClass implements RequestContext {
  readonly world: World;
  readonly tenant: RequestContext['tenant'];
  readonly locale: RequestContext['locale'];
  readonly #viewer: RequestContext['viewer'];
  readonly versionOf: RequestContext['versionOf'];

  constructor({ world, viewer, tenant, locale, versionOf }: RequestContext) {
    this.world = world;
    this.tenant = tenant;
    this.locale = locale;
    this.#viewer = viewer;
    this.versionOf = versionOf;
  }

  get viewer(): RequestContext['viewer'] {
    return this.#viewer;
  }

  whoAsks(): Viewer {
    return this.viewer?.id;
  }
}

/** One whose methods need it to be itself. */
class ContextWithMethods implements RequestContext {
  readonly #world: World;
  readonly #viewer: RequestContext['viewer'];
  readonly #tenant: RequestContext['tenant'];
  readonly #locale: RequestContext['locale'];

  constructor({ world, viewer, tenant, locale }: RequestContext) {
    this.#world = world;
    this.#viewer = viewer;
    this.#tenant = tenant;
    this.#locale = locale;
  }

  get tenant(): RequestContext['tenant'] {
    return this.#tenant;
  }

  get locale(): RequestContext['locale'] {
    return this.#locale;
  }

  get world(): World {
    return this.#world;
  }

  get viewer(): RequestContext['viewer'] {
    return this.#viewer;
  }

  whoAsks(): Viewer {
    return this.viewer?.id;
  }

  versionOf(subject: string): number {
    return this.#world.versionOf(subject);
  }
}

export function requestContext(world: World, asker: Asker, kind: ContextKind): RequestContext {
  const { viewer, tenant, locale } = asker;
  const plain: RequestContext = {
    ...{ world, tenant, locale },
    versionOf: (subject) => world.versionOf(subject),
    whoAsks() {
      return this.viewer?.id;
    },
    ...(viewer === undefined ? {} : { viewer: { id: viewer } }),
  };
  if (kind === 'plain') return plain;
  return kind === 'class' ? new ContextOfClass(plain) : new ContextWithMethods(plain);
}
