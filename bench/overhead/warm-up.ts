import type { ServerProcess } from './server-process.js';
import type { Workload, WorkloadName } from './workloads.js';

const AT_ONCE = 16;

/**
 * Asks every server everything once, so that what is measured are hits, and compares all that they answer. The result
 * is how many entries a request of each workload asks for on average: films, and the directors that are known.
 * @throws Error when two servers differ: then they would not be doing the same work.
 */
export async function warmUp(
  servers: readonly ServerProcess[],
  workloads: readonly Workload[],
): Promise<ReadonlyMap<WorkloadName, number>> {
  const entries = new Map<WorkloadName, number>();
  const expected = new Map<WorkloadName, readonly string[]>();
  for (const { name, url } of servers) {
    console.error(`warming ${name}`);
    for (const { name: workload, bodies } of workloads) {
      const answers = await askAll(url, bodies);
      entries.set(workload, answers.reduce((sum, answer) => sum + entriesIn(answer), 0) / answers.length);
      const others = expected.get(workload) ?? answers;
      expected.set(workload, others);
      const at = answers.findIndex((answer, index) => answer !== others[index]);
      if (at >= 0)
        throw new Error(`${name} answers ${workload} otherwise than ${servers[0]?.name}: ${answers[at]}`);
    }
  }
  return entries;
}

function entriesIn(answer: string): number {
  return answer.split('"title":').length - 1 + (answer.split('"name":').length - 1);
}

async function askAll(url: string, bodies: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (let start = 0; start < bodies.length; start += AT_ONCE) {
    answers.push(...(await Promise.all(bodies.slice(start, start + AT_ONCE).map((body) => ask(url, body)))));
  }
  return answers;
}

async function ask(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = (await response.text()).trim();
  if (response.ok && !text.includes('"errors"')) return text;
  throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
}
