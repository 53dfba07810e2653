import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import { openRecording, type Recording } from '../../src/traffic/recording.js';
import { temporaryFolder } from '../support/temporary-folder.js';

async function opened(maxBytes?: number): Promise<{ recording: Recording; file: string; warned: string[] }> {
  const file = path.join(await temporaryFolder(), 'traffic.jsonl');
  const warned: string[] = [];
  const log = { warn: (message: string) => void warned.push(message) };
  const recording = await openRecording(file, { log, ...(maxBytes === undefined ? {} : { maxBytes }) });
  return { recording, file, warned };
}

const linesOf = async (file: string): Promise<unknown[]> =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

const operation = { document: '{ me { id } }', variables: {} };

describe('a recording', () => {
  it('has a head, and sessions by the order in which they first ask; guests have no number', async () => {
    const { recording, file, warned } = await opened();
    for (const session of ['hash b', undefined, 'hash a', 'hash b']) recording.add(operation, session);
    await recording.close();
    const ms = expect.any(Number) as unknown;
    expect(await linesOf(file)).toEqual([
      { format: 'corral-traffic', version: 1 },
      { ms, viewer: 1, ...operation },
      { ms, ...operation },
      { ms, viewer: 2, ...operation },
      { ms, viewer: 1, ...operation },
    ]);
    expect(await readFile(file, 'utf8')).not.toContain('hash');
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain(`RECORD_TRAFFIC: what clients ask is written to ${file}: when,`);
  });

  it('is for its owner alone', async () => {
    const { recording, file } = await opened();
    await recording.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('loses nothing that was added before it was closed', async () => {
    const { recording, file } = await opened();
    for (let nth = 0; nth < 5000; nth += 1)
      recording.add({ ...operation, variables: { text: 'x'.repeat(1000), nth } }, undefined);
    await recording.close();
    const lines = await linesOf(file);
    expect(lines).toHaveLength(5001);
    expect(lines.at(-1)).toMatchObject({ variables: { nth: 4999 } });
  });

  it('ends before it has more than its most bytes, and says so once', async () => {
    const { recording, file, warned } = await opened(200);
    for (let nth = 0; nth < 10; nth += 1) recording.add(operation, undefined);
    await recording.close();
    expect((await stat(file)).size).toBeLessThanOrEqual(200);
    expect((await linesOf(file)).length).toBeGreaterThan(2);
    expect(warned.slice(1)).toEqual([
      `RECORD_TRAFFIC: nothing more is recorded, as ${file} has its most bytes, 200.`,
    ]);
  });

  it('adds nothing once it is closed', async () => {
    const { recording, file } = await opened();
    await recording.close();
    recording.add(operation, undefined);
    expect(await linesOf(file)).toHaveLength(1);
  });

  it('refuses a file that exists, and leaves it as it is', async () => {
    const file = path.join(await temporaryFolder(), 'traffic.jsonl');
    await writeFile(file, 'precious');
    await expect(openRecording(file, { log: { warn: () => undefined } })).rejects.toEqual(
      new ConfigurationError(
        `RECORD_TRAFFIC must name a new file, but ${JSON.stringify(file)} exists; name another one, or move it away.`,
      ),
    );
    expect(await readFile(file, 'utf8')).toBe('precious');
  });

  it('refuses a file that cannot be written', async () => {
    const file = path.join(await temporaryFolder(), 'missing', 'traffic.jsonl');
    await expect(openRecording(file, { log: { warn: () => undefined } })).rejects.toEqual(
      new ConfigurationError(
        `RECORD_TRAFFIC must name a file that can be written, but ${JSON.stringify(file)} cannot (ENOENT).`,
      ),
    );
  });
});
