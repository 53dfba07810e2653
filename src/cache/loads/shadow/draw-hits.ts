/**
 * Draws a share of all hits at random. It counts down to the next one, so that a hit that is not drawn costs one
 * subtraction. How many lie in between follows the geometric distribution, as if each hit were drawn by itself.
 */
export function drawHits(share: number, random: () => number): () => boolean {
  const logOfMissing = Math.log1p(-share);
  const nextGap = (): number => Math.max(1, Math.ceil(Math.log1p(-random()) / logOfMissing));
  let left = nextGap();
  return () => {
    left -= 1;
    if (left > 0) return false;
    left = nextGap();
    return true;
  };
}
