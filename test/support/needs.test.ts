import { afterEach, describe, expect, it, vi } from 'vitest';
import { needsBinary } from '../support/needs.js';

describe('a program that a suite needs', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is found on the path', () => {
    expect(needsBinary('node', 'nodejs')).toBe(true);
  });

  it('fails the suite where CI is set, with the command that installs it', () => {
    vi.stubEnv('CI', 'true');
    expect(() => needsBinary('no-such-program', 'some-package')).toThrow(
      'The program no-such-program is not installed, so tests that need it cannot run; ' +
        'get it with `apt-get install some-package`.',
    );
  });

  it("skips the suite on a developer's machine", () => {
    vi.stubEnv('CI', '');
    expect(needsBinary('no-such-program', 'some-package')).toBe(false);
  });
});
