import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.js';

const run = promisify(execFile);

export interface OwnCertificates {
  /** Names of files in PEM, all of one authority: one certificate for servers on loopback, one for clients. */
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  /** What they hold. */
  read(file: string): Promise<string>;
}

/** Makes an authority that no machine knows, and certificates of it for the names of loopback. */
export async function ownCertificates(): Promise<OwnCertificates> {
  const folder = await temporaryFolder({
    'names.txt': 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n',
  });
  const at = (name: string): string => path.join(folder, name);
  const openssl = (...parameters: string[]): Promise<unknown> => run('openssl', parameters, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=tests of Corral', '-days', '2'];
  await openssl('req', '-x509', ...newKey, ...ca);
  const signed = async (name: string): Promise<{ cert: string; key: string }> => {
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`];
    await openssl('req', ...newKey, ...request);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names.txt'];
    await openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-days', '2', ...authority);
    return { cert: at(`${name}.pem`), key: at(`${name}.key`) };
  };
  const server = await signed('server');
  const client = await signed('client');
  return { ca: at('ca.pem'), server, client, read: (file) => readFile(file, 'utf8') };
}
