import { print } from 'graphql';
import type { RequestPlan } from './generate-steps.js';
import { aroundOf } from './code-around.js';
import { documentOf } from './cached-process.js';
import type { Shrunk } from './shrink-case.js';

/** All that is needed to understand a difference, and to see it again. */
export function describeDifference({ generated, steps, difference }: Shrunk, environment: string): string {
  const { request, cached, uncached } = difference;
  const documents = new Set(steps.flat().map((one) => print(documentOf(generated, one).parsed)));
  const numbered = [...documents];
  const told = (one: RequestPlan): string => {
    const { kind, operation, variables, viewer, tenant, locale, isTraced, process } = one;
    const number = numbered.indexOf(print(documentOf(generated, one).parsed)) + 1;
    const context = `${one.context}${isTraced ? ', traced' : ''}, process ${process}`;
    return `document ${number}, ${kind} ${operation}, variables ${JSON.stringify(variables)}, viewer ${viewer ?? 'nobody'}, tenant ${JSON.stringify(tenant)}, locale ${JSON.stringify(locale)}, context ${context}`;
  };
  return [
    `seed ${generated.seed}, environment ${environment}, switched off: ${generated.disabled.join(' ') || 'nothing'}`,
    namedIn(generated.plan.sdl, numbered.join('\n')),
    `code around: ${codeAround(generated).join(', ') || 'none'}`,
    ...numbered.map((text, index) => `# document ${index + 1}\n${text}`),
    steps.map((step) => step.map(told).join('\n  together with ')).join('\n'),
    `differs: ${told(request)}`,
    `with the cache:    ${typeof cached === 'string' ? cached : JSON.stringify(cached)}`,
    `without the cache: ${JSON.stringify(uncached)}`,
    `to see it again, before it was shrunk: SEED=${generated.seed} CASES=1`,
  ].join('\n\n');
}

function codeAround({ hasCodeAround, plan, seed }: Shrunk['generated']): string[] {
  if (!hasCodeAround) return [];
  return [...plan.fields.values()].flatMap((field) => {
    const kind = aroundOf(seed, field);
    return kind === 'nothing' ? [] : [`${field.coordinate} changes its ${kind}`];
  });
}

/** The SDL without the fields that no document names. */
function namedIn(sdl: string, documents: string): string {
  const words = new Set(documents.match(/\w+/g));
  return sdl
    .split('\n')
    .filter((line) => !line.startsWith('  ') || words.has(/\w+/.exec(line)?.[0] ?? ''))
    .join('\n');
}
