/** What the explorer shows to a person who comes for the first time. */
export const exampleOperation = `# Run this twice: extensions.cache of the answer
# says what came from the cache.
query FilmsLikeThis {
  movie(id: 1267) {
    title
    releaseYear
    director {
      name
    }
    ratingSummary {
      average
      count
    }
    similar(first: 3) {
      title
    }
  }
}
`;

/** Asks for the evidence: how each field was answered. */
export const exampleHeaders = { 'x-cache-debug': '1' } as const;
