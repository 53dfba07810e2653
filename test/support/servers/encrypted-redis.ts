import { freePort } from '../free-port.js';
import type { OwnCertificates } from '../own-certificates.js';
import { privateRedis, type PrivateRedis } from '../private-redis.js';

/** A server that a test asks at its `port` without encryption. */
export interface NamedRedis extends PrivateRedis {
  /** The port that others are told of: it encrypts where there are certificates. */
  readonly namedPort: number;
}

/** A private server that, with certificates, encrypts what others tell it, and what it tells them. */
export async function namedRedis(
  certificates: OwnCertificates | undefined,
  ...settings: string[]
): Promise<NamedRedis> {
  if (certificates === undefined) {
    const redis = await privateRedis(...settings);
    return { ...redis, namedPort: redis.port };
  }
  const namedPort = await freePort();
  const redis = await privateRedis('--tls-port', `${namedPort}`, ...encryptedWith(certificates), ...settings);
  return { ...redis, namedPort };
}

/** Settings of a server that has the certificate, and asks others for one of the same authority. */
export function encryptedWith({ ca, server }: OwnCertificates): readonly string[] {
  const files = ['--tls-ca-cert-file', ca, '--tls-cert-file', server.cert, '--tls-key-file', server.key];
  return [...files, '--tls-auth-clients', 'yes', '--tls-replication', 'yes'];
}
