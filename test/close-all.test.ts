import { describe, expect, it } from 'vitest';
import { closeAll, type Closer } from '../src/start/close-all.js';
import { startProgram } from './support/processes/program.js';
import { temporaryFolder } from './support/temporary-folder.js';

const failing = (what: string, error: unknown): Closer => ({ what, close: () => Promise.reject(error) });

describe('closing all', () => {
  it('closes the last one first and each once, also after one that fails', async () => {
    const closed: string[] = [];
    const closer = (what: string): Closer => ({
      what,
      close: () => Promise.resolve(void closed.push(what)),
    });
    const closers = [closer('the first'), failing('the second', new Error('it hangs')), closer('the third')];
    await expect(closeAll(closers)).rejects.toThrow(AggregateError);
    expect(closed).toEqual(['the third', 'the first']);
    await closeAll(closers);
    expect(closed).toEqual(['the third', 'the first']);
  });

  it('says in one sentence what could not be closed, and why', async () => {
    const causes = [new Error('The pool has ended.'), new TypeError(''), 'a text'];
    const names = ['the database', 'the cache', 'the server'];
    const closers = causes.map((cause, index) => failing(names[index] ?? '', cause));
    const failure: unknown = await closeAll(closers).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'AggregateError',
      message:
        'Not everything could be closed: the server (a text), the cache (TypeError), the database (The pool has ended).',
      errors: [...causes].reverse(),
    });
  });

  it('that fails after a signal is told by that sentence, and ends the program with 1', async () => {
    const folder = await temporaryFolder();
    const file = `${import.meta.dirname}/support/processes/unclosable-program.ts`;
    const program = startProgram({ folder, file });
    await program.prints(/ready/);
    program.child.kill('SIGTERM');
    const { code, stdout } = await program.ended();
    expect([code, stdout]).toEqual([
      1,
      [
        'ready',
        'info Stopping: requests under way are answered first.',
        'error Stopped. Not everything could be closed: the cache (it holds writes), the database (it is gone).',
        '',
      ].join('\n'),
    ]);
  });
});
