import { findBinary } from './run/find-binary.js';

/** A program that a suite starts is not installed. */
export class MissingBinary extends Error {
  override readonly name = 'MissingBinary';

  constructor(binary: string, aptPackage: string) {
    super(
      `The program ${binary} is not installed, so tests that need it cannot run; get it with \`apt-get install ${aptPackage}\`.`,
    );
  }
}

/**
 * Whether a suite can run: `describe.skipIf(!needsBinary('redis-server', 'redis-server'))`. A missing program skips
 * the suite and says so aloud on a developer's machine, and fails it where CI is set: a green build that tested
 * nothing is worse than a red one.
 */
export function needsBinary(binary: string, aptPackage: string): boolean {
  if (findBinary(binary) !== undefined) return true;
  const missing = new MissingBinary(binary, aptPackage);
  if (process.env['CI']) throw missing;
  process.stderr.write(`\nSKIPPED: ${missing.message}\n`);
  return false;
}

export function needsPostgres(): boolean {
  return needsBinary('initdb', 'postgresql') && needsBinary('pg_ctl', 'postgresql');
}

export function needsRedis(): boolean {
  return needsBinary('redis-server', 'redis-server');
}

export function needsChromium(): boolean {
  return needsBinary('chromium', 'chromium');
}
