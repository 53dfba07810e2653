import type { World } from './world.js';

export type Viewer = string | number | undefined;
export type ContextKind = 'plain' | 'class' | 'class with methods';

/** What resolvers are given; a new one for each request. */
export interface RequestContext {
  readonly world: World;
  readonly viewer?: { readonly id: string | number } | undefined;
  versionOf(subject: string): number;
  /** Looks at `viewer`, which the context of a PUBLIC load does not reveal. */
  whoAsks(): Viewer;
}

/** A context as frameworks make them, with getters over what nobody else can see. */
class ContextOfClass implements RequestContext {
  readonly world: World;
  readonly #viewer: RequestContext['viewer'];
  readonly versionOf: RequestContext['versionOf'];

  constructor({ world, viewer, versionOf }: RequestContext) {
    this.world = world;
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

  constructor({ world, viewer }: RequestContext) {
    this.#world = world;
    this.#viewer = viewer;
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

export function requestContext(world: World, viewer: Viewer, kind: ContextKind): RequestContext {
  const plain: RequestContext = {
    world,
    versionOf: (subject) => world.versionOf(subject),
    whoAsks() {
      return this.viewer?.id;
    },
    ...(viewer === undefined ? {} : { viewer: { id: viewer } }),
  };
  if (kind === 'plain') return plain;
  return kind === 'class' ? new ContextOfClass(plain) : new ContextWithMethods(plain);
}
