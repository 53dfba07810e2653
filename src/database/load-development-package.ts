import { ConfigurationError } from '../start/configuration-error.js';

/** From import and from require.resolve. */
const missingCodes = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Imports a package that is installed for development only, so that a server on its own PostgreSQL does without
 * it. `fix` says what to do when it is missing.
 */
export async function loadDevelopmentPackage<Loaded>(
  load: () => Promise<Loaded>,
  fix: string,
): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && missingCodes.has(cause.code);
    if (isMissing) throw new ConfigurationError(fix, { cause });
    throw cause;
  }
}
