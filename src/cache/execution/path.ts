import type { GraphQLResolveInfo } from 'graphql';

/** A place in the answer; each place of a run has one object, by which errors and reads ahead find it. */
export type Path = GraphQLResolveInfo['path'];

export function addPath(prev: Path | undefined, key: string | number, typename: string | undefined): Path {
  return { prev, key, typename };
}
