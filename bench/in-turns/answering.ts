import { HeaderMap } from '@apollo/server';
import type { Library } from '../servers/standalone.js';
import { reader } from '../servers/standalone.js';
import type { Answering, Both } from './in-turns.js';

/** Apollo Server as a plug-in of a web server meets it: what remains is HTTP itself. */
export function answering({ server }: Pick<Library, 'server'>): Answering {
  return {
    async answer(text) {
      const headers = new HeaderMap([['content-type', 'application/json']]);
      const request = { method: 'POST', headers, search: '', body: JSON.parse(text) };
      const { body } = await server.executeHTTPGraphQLRequest({
        httpGraphQLRequest: request,
        context: () => Promise.resolve(reader()),
      });
      const answer = body.kind === 'complete' ? body.string : '';
      if (!answer.startsWith('{"data"')) throw new Error(`an answer was ${answer.slice(0, 500)}`);
      return answer;
    },
  };
}

/** Both have answered each of these bodies, and alike. */
export async function warmed(both: Both, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const answers = await Promise.all([both.reference.answer(body), both.measured.answer(body)]);
    if (answers[0] !== answers[1]) throw new Error(`the two differ: ${answers.join(' and ')}`);
  }
}
