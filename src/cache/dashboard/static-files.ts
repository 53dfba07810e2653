import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { pageFiles } from './page-files.js';
import type { Reply } from './replies.js';

/** The files of the page by their paths: all that it needs, and nothing of elsewhere. They show nothing of the cache. */
export function createStaticFiles(
  signsIn: boolean,
): (path: string, request: IncomingMessage) => Reply | undefined {
  const html = pageFiles.html.replace('{{sign-in}}', signsIn ? 'password' : 'token');
  const files = new Map([
    ['/', file('text/html', html)],
    ['/page.js', file('text/javascript', pageFiles.script)],
    ['/page.css', file('text/css', pageFiles.style)],
    ['/icon.svg', file('image/svg+xml', pageFiles.icon)],
  ]);
  return (path, { headers }) => {
    const found = files.get(path);
    if (found === undefined || headers['if-none-match'] !== found.headers['etag']) return found;
    return { ...found, status: 304, body: '' };
  };
}

function file(type: string, body: string): Reply {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  // Asked for each time, so that a new release is seen at once.
  return {
    status: 200,
    headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache', etag },
    body,
  };
}
