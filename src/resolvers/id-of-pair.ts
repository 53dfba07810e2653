/** The id of what there is once for each user and film; neither of their ids has a point in it. */
export function idOfPair(userId: number, movieId: number): string {
  return `${userId}.${movieId}`;
}
