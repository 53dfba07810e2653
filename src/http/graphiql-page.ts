import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { loadDevelopmentPackage } from '../database/load-development-package.js';
import { exampleHeaders, exampleOperations } from './example-operations.js';

/** /graphiql: an explorer without a single file from elsewhere, for those who are offline. */
export function addGraphiqlPage(app: FastifyInstance): void {
  let page: Promise<Buffer> | undefined;
  app.get('/graphiql', async (request, reply) => {
    page ??= compressedPage();
    const compressed = await page;
    void reply.type('text/html; charset=utf-8').header('vary', 'accept-encoding');
    if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      return reply.header('content-encoding', 'gzip').send(compressed);
    }
    return reply.send(await promisify(gunzip)(compressed));
  });
}

/**
 * Runs the first example for a person who comes for the first time, as soon as the editor has it. Where GraphiQL remembers tabs of an
 * earlier visit, the first one may be a mutation. GraphiQL stores its tabs only half a second after a change, so that the run itself is
 * remembered too.
 */
const firstRun = `
  if (localStorage.getItem('graphiql:tabState') === null && localStorage.getItem('corral:firstRun') === null) {
    const look = new MutationObserver(() => {
      const button = document.querySelector('.graphiql-execute-button');
      const text = document.querySelector('.graphiql-query-editor .view-lines')?.textContent ?? '';
      if (button === null || button.disabled || text.trim() === '') return;
      look.disconnect();
      localStorage.setItem('corral:firstRun', 'done');
      button.click();
    });
    look.observe(document.documentElement, { childList: true, subtree: true });
  }
`;

/** Nine megabytes of HTML; compressed once, for the first request. */
async function compressedPage(): Promise<Buffer> {
  const { renderGraphiQL } = await loadDevelopmentPackage(
    () => import('@graphql-yoga/render-graphiql'),
    'The offline explorer needs @graphql-yoga/render-graphiql, a development dependency: run `npm install` without --omit=dev.',
  );
  const headers = JSON.stringify(exampleHeaders, null, 2);
  const operations = exampleOperations();
  const html = renderGraphiQL({
    title: 'Corral',
    endpoint: '/graphql',
    headers,
    defaultTabs: operations.map((query) => ({ query, headers })),
  });
  return promisify(gzip)(html.replace('<head>', () => `<head><script>${firstRun}</script>`));
}
