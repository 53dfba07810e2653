import { once } from 'node:events';
import { HeaderMap, type ApolloServer } from '@apollo/server';
import { createWorkloads } from '../overhead/workloads.js';
import { readRows } from '../servers/films.js';
import type { Copies } from '../servers/measured.js';
import { createLibrary, reader, type Reader } from '../servers/standalone.js';
import { inTurns, type Answering, type Turn } from './turns.js';

/** What is measured in one process. */
export interface Measured {
  readonly redisUrl: string;
  readonly copies: Copies;
  readonly hasMemo: boolean;
  readonly workload: string;
  readonly turns: number;
}

/** Apollo Server as a plug-in of a web server meets it: what remains is HTTP itself. */
function answering(server: ApolloServer<Reader>): Answering {
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

async function measure({ workload: name, turns, ...options }: Measured): Promise<readonly Turn[]> {
  const workload = createWorkloads((await readRows()).films.size).find((other) => other.name === name);
  if (workload === undefined) throw new Error(`unknown workload ${name}`);
  const { redisUrl, ...how } = options;
  const kind = { ...how, hasPlans: false };
  const plain = await createLibrary(redisUrl, { ...kind, varies: false });
  const varied = await createLibrary(redisUrl, { ...kind, varies: true });
  await Promise.all([plain.server.start(), varied.server.start()]);
  const both = { plain: answering(plain.server), varied: answering(varied.server) };
  for (const body of workload.bodies) {
    const answers = await Promise.all([both.plain.answer(body), both.varied.answer(body)]);
    if (answers[0] !== answers[1]) throw new Error(`the two differ: ${answers.join(' and ')}`);
  }
  const measured = await inTurns(both, workload, turns);
  await Promise.all([plain.close(), varied.close()]);
  return measured;
}

const [message] = (await once(process, 'message')) as [Measured];
process.on('disconnect', () => process.exit(1));
const turns = await measure(message);
process.send?.(turns, () => process.exit(0));
