import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  type GraphQLInputType,
} from 'graphql';
import type { VaryValue } from '../../src/cache/types/index.js';
import type { Features } from './features.js';
import type { DocumentPlan, OperationPlan } from './generate-document.js';
import { SAMPLES } from './input-samples.js';
import type { ContextKind, Viewer } from './request-context.js';
import type { Random } from './seeded-random.js';

export type Variables = Readonly<Record<string, unknown>>;

/** One execution of an operation. */
export interface RequestPlan {
  readonly kind: 'query' | 'mutation';
  /** Which document of its kind. */
  readonly document: number;
  readonly operation: string;
  readonly variables: Variables;
  readonly viewer: Viewer;
  readonly tenant: VaryValue | undefined;
  readonly locale: VaryValue | undefined;
  readonly context: ContextKind;
  /** Whether the evidence of the request is collected. */
  readonly isTraced: boolean;
  /** Which of several processes is asked, where there are several. */
  readonly process: number;
}

/** Requests that are made at the same time; a mutation is made alone. */
export type Step = readonly RequestPlan[];

export interface StepOptions {
  readonly random: Random;
  readonly features: Features;
  readonly queries: readonly DocumentPlan[];
  readonly mutations: readonly DocumentPlan[];
  /** How many requests all steps make together. */
  readonly executions: number;
}

const VIEWERS: readonly Viewer[] = ['ann', 'bob', 7, undefined];
/** Ids that are easily lost or taken apart. */
const ODD_VIEWERS: readonly Viewer[] = [0, 'ann/1', '7@bob', undefined];
/** Sets of variables for each operation: few, so that requests repeat each other. */
const VARIABLE_SETS = 3;

/** Draws who asks what, in which order, and who asks at the same time. */
export function generateSteps({
  random,
  features,
  queries,
  mutations,
  executions,
}: StepOptions): readonly Step[] {
  const viewers = random.chance(0.75) ? VIEWERS : ODD_VIEWERS;
  const contexts: readonly ContextKind[] = features.contextMethods
    ? ['plain', 'plain', 'class', 'class with methods']
    : ['plain', 'plain', 'class'];
  const drawFrom = (kind: RequestPlan['kind'], documents: readonly DocumentPlan[]): (() => RequestPlan) => {
    const drawn = documents.map(({ operations }, document) =>
      operations.flatMap((operation) =>
        Array.from({ length: VARIABLE_SETS }, () => {
          const variables = variablesFor(random, operation);
          return { kind, document, operation: operation.name, variables };
        }),
      ),
    );
    return () => ({
      ...random.pick(random.pick(drawn)),
      viewer: random.pick(viewers),
      ...drawVaried(random, features),
      context: random.pick(contexts),
      isTraced: random.chance(0.15),
      process: random.below(2),
    });
  };
  const drawQuery = drawFrom('query', queries);
  const drawMutation = drawFrom('mutation', mutations);
  const steps: Step[] = [];
  for (let left = executions; left > 0; left -= steps.at(-1)?.length ?? 1) {
    if (mutations.length > 0 && random.chance(0.08)) steps.push([drawMutation()]);
    else if (!features.parallel || random.chance(0.5)) steps.push([drawQuery()]);
    else steps.push(together({ random, viewers, features }, drawQuery));
  }
  return steps;
}

/** Most requests are alike, so that there are hits; the others are told apart by type only. */
function drawVaried(random: Random, { vary }: Features): Pick<RequestPlan, 'tenant' | 'locale'> {
  if (!vary) return { tenant: undefined, locale: undefined };
  return { tenant: random.pick(TENANTS), locale: random.pick(LOCALES) };
}

const TENANTS: readonly (VaryValue | undefined)[] = ['acme', 'acme', 1, '1'];
const LOCALES: readonly (VaryValue | undefined)[] = ['de', 'de', null, undefined];

/** Several requests, often the same one by several viewers. */
function together(
  {
    random,
    viewers,
    features,
  }: Pick<StepOptions, 'random' | 'features'> & { readonly viewers: readonly Viewer[] },
  draw: () => RequestPlan,
): Step {
  const first = draw();
  const others = Array.from({ length: 1 + random.below(3) }, () =>
    random.chance(0.6)
      ? { ...first, viewer: random.pick(viewers), ...drawVaried(random, features), process: random.below(2) }
      : draw(),
  );
  return [first, ...others];
}

export function variablesFor(random: Random, { variables }: OperationPlan): Variables {
  const given = variables.filter(
    ({ type, hasDefault }) => !(hasDefault || !isNonNullType(type)) || random.chance(0.7),
  );
  return Object.fromEntries(given.map(({ name, type }) => [name, inputValue(random, type)]));
}

function inputValue(random: Random, type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return presentValue(random, type.ofType);
  return random.chance(0.1) ? null : presentValue(random, type);
}

function presentValue(random: Random, type: GraphQLInputType): unknown {
  if (isListType(type)) {
    const element: GraphQLInputType = type.ofType;
    return Array.from({ length: random.below(4) }, () => inputValue(random, element));
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  if (isNonNullType(type)) return presentValue(random, type.ofType);
  if (!isInputObjectType(type)) return random.pick(SAMPLES[type.name] ?? [null]);
  const fields = Object.values(type.getFields()).filter(
    (field) => isRequiredInputField(field) || random.chance(0.4),
  );
  return Object.fromEntries(fields.map((field) => [field.name, inputValue(random, field.type)]));
}
