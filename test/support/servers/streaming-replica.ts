import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../free-port.js';
import { ownerCommand, postgresBinary } from '../private-postgres.js';

export interface StreamingReplica {
  /** Of the same database as that of the primary it was made of. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A standby that follows a private server, with settings such as `recovery_min_apply_delay=500ms`. */
export async function streamingReplica(primaryUrl: string, ...settings: string[]): Promise<StreamingReplica> {
  const [copy, control] = [postgresBinary('pg_basebackup'), postgresBinary('pg_ctl')];
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-replica-'));
  const asOwner = await ownerCommand(folder);
  const files = path.join(folder, 'data');
  await asOwner(copy, ['-d', primaryUrl, '-D', files, '-R', '-c', 'fast', '--no-sync', '-X', 'stream']);
  const port = await freePort();
  const more = settings.map((setting) => ` -c ${setting}`).join('');
  const options = `-c fsync=off -c unix_socket_directories= -p ${port} -c listen_addresses=127.0.0.1 -c hot_standby=on${more}`;
  await asOwner(control, ['start', '-w', '-D', files, '-l', path.join(folder, 'log'), '-o', options]);
  const url = new URL(primaryUrl);
  url.port = String(port);
  return {
    url: url.href,
    async stop() {
      await asOwner(control, ['stop', '-D', files, '-m', 'immediate']);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
