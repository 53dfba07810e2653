import { describe, expect, it } from 'vitest';
import { Epochs } from '../../../../src/cache/redis/journal/epochs.js';

describe('the epochs of a journal', () => {
  it('tell of one loss, however many writes wait for replicas meanwhile', () => {
    const doubts: string[] = [];
    const epochs = new Epochs(1, (why) => doubts.push(why));
    epochs.noticed(0, { found: 'run old' });
    epochs.noticed(0, { found: '', present: 'run new' });
    for (let write = 0; write < 20; write += 1) {
      epochs.stillIs(0, 'run old');
      epochs.noticed(0, { found: 'run new' });
    }
    epochs.stillIs(0, 'run new');
    // Each of them has its write saved, which nothing kept when the loss was noticed.
    expect(doubts).toEqual(['robbed', ...Array.from({ length: 20 }, () => 'moved')]);
  });
});
