import type { IncomingMessage } from 'node:http';
import { Refused } from './replies.js';

/** More than any list of tags or keys that a person chooses. */
const MOST_BYTES = 64 * 1024;

/**
 * The object that a request brings. A form of another site cannot send this type, and a script of one must ask first, which is refused.
 * A body that the server has read already, as `express.json()` does, is taken from the request. @throws Refused where there is none.
 */
export async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refused(415, 'Send JSON, with the content type application/json.');
  }
  const value: unknown = Reflect.get(request, 'body') ?? parse(await textOf(request));
  if (typeof value !== 'object' || value === null) throw new Refused(400, 'Send a JSON object.');
  return { ...value };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      // The rest is read and dropped, so that the client gets to read why.
      if (bytes <= MOST_BYTES) chunks.push(part);
    }
  } catch {
    throw new Refused(400, 'The body ended too early.');
  }
  if (bytes > MOST_BYTES) throw new Refused(413, `Send no more than ${MOST_BYTES} bytes.`);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as what it is not.
    return undefined;
  }
}
