import { ConfigurationError } from './configuration-error.js';

/**
 * Imports a package that is installed for development only, so that a server on its own PostgreSQL does without
 * it. `mend` says what to do when it is missing.
 */
export async function loadDevelopmentPackage<Loaded>(
  load: () => Promise<Loaded>,
  mend: string,
): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (isMissing) throw new ConfigurationError(mend, { cause });
    throw cause;
  }
}
