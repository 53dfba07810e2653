import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { corral } from '../../support/run-corral.js';

const run = promisify(execFile);

describe('corral completion', () => {
  it('completes commands and options in bash', async () => {
    const { out } = await corral(['completion', 'bash']);
    const completed = async (...words: string[]): Promise<string[]> => {
      const script = `${out}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _corral; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await run('bash', ['-c', script, 'bash', ...words]);
      return stdout.trim().split('\n');
    };
    expect(await completed('corral', 'ex')).toEqual(['explain']);
    expect(await completed('corral', 'dead-letters', '')).toEqual(['list', 'replay', 'discard', '--help']);
    expect(await completed('corral', 'dead-letters', 'replay', '--pre')).toEqual(['--prefix']);
    expect(await completed('corral', 'check', 'schema', '--fo')).toEqual(['--format']);
  });

  it.each(['bash', 'zsh', 'fish'])('knows every command in %s', async (shell) => {
    const { code, out } = await corral(['completion', shell]);
    expect(code).toBe(0);
    for (const command of ['check', 'purge', 'outbox', 'completion'])
      expect(out).toMatch(new RegExp(`\\b${command}\\b`));
  });

  it('says which shells it knows', async () => {
    expect(await corral(['completion', 'ksh'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('bash, zsh, fish'),
    });
  });
});
