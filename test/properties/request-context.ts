import type { World } from './world.js';

export type Viewer = string | number | undefined;

/** What resolvers are given; a new one for each request. */
export interface RequestContext {
  readonly world: World;
  readonly viewer?: { readonly id: string | number } | undefined;
}

/** A context as frameworks make them, with methods and a prototype. */
class ContextOfClass implements RequestContext {
  readonly world: World;
  readonly #viewerId: Viewer;

  constructor(world: World, viewerId: Viewer) {
    this.world = world;
    this.#viewerId = viewerId;
  }

  get viewer(): { readonly id: string | number } | undefined {
    return this.#viewerId === undefined ? undefined : { id: this.#viewerId };
  }
}

export function requestContext(world: World, viewer: Viewer, kind: 'plain' | 'class'): RequestContext {
  if (kind === 'class') return new ContextOfClass(world, viewer);
  return viewer === undefined ? { world } : { world, viewer: { id: viewer } };
}
