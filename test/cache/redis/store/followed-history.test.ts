import { describe, expect, it } from 'vitest';
import { FollowedHistory } from '../../../../src/cache/redis/store/followed-history.js';

/** Whether the server of now may lack something, where all was forgotten there long ago. */
const mayLack = (followed: FollowedHistory): boolean => followed.mayLack(60_000, performance.now());

function following(history: string): FollowedHistory {
  const followed = new FollowedHistory();
  followed.sees(history);
  followed.isUsed();
  return followed;
}

describe('the history that a process follows', () => {
  it('lacks what an earlier one acknowledged', () => {
    const followed = following('first');
    followed.invalidated(followed.seen);
    expect(mayLack(followed)).toBe(false);
    followed.sees('second');
    expect(mayLack(followed)).toBe(true);
  });

  it('lacks what the earlier one acknowledged only when the next was seen', () => {
    const followed = following('first');
    const sentTo = followed.seen;
    followed.sees('second');
    followed.invalidated(sentTo);
    expect(mayLack(followed)).toBe(true);
  });

  it('lacks nothing that it acknowledged itself, while it was rejoined', () => {
    const followed = following('first');
    followed.sees('second');
    followed.invalidated(followed.seen);
    expect(mayLack(followed)).toBe(false);
  });

  it('is told once of what an earlier one acknowledged', () => {
    const followed = following('first');
    followed.invalidated(followed.seen);
    followed.sees('second');
    followed.isUsed();
    followed.sees('third');
    expect(mayLack(followed)).toBe(false);
  });
});
