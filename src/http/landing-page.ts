import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { exampleHeaders, exampleOperations } from './example-operations.js';

/** Longer than a slow network needs for the first script, shorter than a person waits at an empty page. */
const PATIENCE_MS = 5_000;

/**
 * Moves on to GraphiQL where Apollo's own files cannot be reached. It must stand before everything that is loaded from
 * elsewhere, because a style sheet that never comes holds up the scripts after it.
 */
const fallbackScript = `
  const moveOn = () => { if (window.EmbeddedSandbox === undefined) location.replace('/graphiql'); };
  addEventListener('DOMContentLoaded', moveOn);
  setTimeout(moveOn, ${PATIENCE_MS});
`;

/** Apollo Sandbox for browsers that open /graphql, or GraphiQL where they are offline. */
export function landingPage(): ApolloServerPlugin {
  const sandbox = ApolloServerPluginLandingPageLocalDefault({
    embed: { runTelemetry: false },
    // The Sandbox opens with one tab; a person chooses among its operations.
    document: exampleOperations().join('\n'),
    headers: exampleHeaders,
  });
  return {
    async serverWillStart(service) {
      const listener = await sandbox.serverWillStart?.(service);
      const page = await listener?.renderLandingPage?.();
      if (page === undefined) return undefined;
      const { html } = page;
      const render = async () => withFallback(typeof html === 'string' ? html : await html());
      return { renderLandingPage: () => Promise.resolve({ html: render }) };
    },
  };
}

/** The page's own policy admits scripts by their nonce, so ours carries the same one. */
function withFallback(html: string): string {
  const nonce = /nonce="?([0-9a-f]+)/.exec(html)?.[1] ?? '';
  return html.replace(/<head>/, (head) => `${head}<script nonce="${nonce}">${fallbackScript}</script>`);
}
