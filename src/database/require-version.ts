import { ConfigurationError } from '../start/configuration-error.js';

const oldestVersion = 14;

/** Takes what the server says of itself, such as "15.8 (Debian 15.8-1)". */
export function requireVersion(version: string): void {
  if (Number.parseInt(version, 10) >= oldestVersion) return;
  throw new ConfigurationError(
    `The server of DATABASE_URL runs PostgreSQL ${version}, but Corral needs version ${oldestVersion} or later.`,
  );
}
