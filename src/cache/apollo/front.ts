import type { GraphQLSchema } from 'graphql';
import type { HttpCaching } from '../http/http-answers.js';
import type { CacheLog } from '../log.js';
import type { KeptAnswer } from '../memo/kept-answer.js';
import type { OperationMemo } from '../memo/operation-memo.js';
import type { OperationGiven } from '../memo/operation-plans.js';
import { createObjectNotes } from '../object-notes.js';
import { BoundedMap } from '../store/bounded-map.js';
import { Turns } from '../time/end-of-turn.js';
import { headOf } from './answer-head.js';
import { isJson, operationOf, type HttpOperation, type HttpRequest } from './http-operation.js';
import { answerIn, mannerIn, nameOfManner, type HttpAnswer, type Manner } from './manner.js';
import { isObject, pluginsInTheWay, pluginsOf, TRACED_BY } from './plugins-in-the-way.js';

/** A request, and what makes its context. */
export interface HttpExecution<Context = unknown> {
  readonly httpGraphQLRequest: HttpRequest;
  readonly context: () => Promise<Context>;
}

/** The one way on which every integration reaches Apollo Server 4 or 5. */
export interface AnsweringServer<Context = unknown> {
  executeHTTPGraphQLRequest(execution: HttpExecution<Context>): Promise<HttpAnswer>;
  readonly logger?: { error(message: string): void };
}

/** A request that is not written out for the server yet. */
export interface HttpAsked {
  /** As much of it as says what is asked for. */
  readonly request: HttpRequest;
  /** As integrations hand it to the server. */
  readonly whole: () => HttpRequest;
  /** Makes its context. Never throws at once. */
  readonly context: () => Promise<unknown>;
}

/** What is read of a request to tell whether it is answered with evidence. */
interface RequestRead {
  readonly http: HttpRequest;
  readonly variables: HttpOperation['variables'];
  readonly operationName: HttpOperation['operationName'];
}

export interface FrontOptions {
  readonly server: AnsweringServer;
  /** Plugins of the server that need not see what is answered in front of it, that of the cache among them. */
  readonly mayMiss: ReadonlySet<object>;
  readonly memo: OperationMemo;
  readonly http: HttpCaching | undefined;
  readonly log: CacheLog;
  readonly timeOperation: () => () => void;
  /** Whether a request is to be answered with evidence. */
  readonly hasEvidence: (request: RequestRead, context: object) => boolean;
}

/** An answer that was given inside the server without an execution. */
export interface GivenInside {
  readonly operation: OperationGiven;
  readonly answer: KeptAnswer;
}

/** A request that may be answered in front. */
interface Asked {
  readonly request: HttpRequest;
  readonly operation: HttpOperation;
  readonly mannerName: string;
}

/** A request that the server is answering. */
interface Awaited {
  /** Whether the memo was asked for its answer in front. */
  wasAsked: boolean;
  given: GivenInside | undefined;
}

/** What was learnt of how such a request is answered. */
interface Learnt {
  readonly operation: OperationGiven;
  readonly manner: Manner;
}

const fronts = createObjectNotes<Front>();

/** What stands in front of a server, where something does. */
export function frontOf(server: object): Front | undefined {
  return fronts.get(server);
}

const MANNERS = { maxEntries: 200, maxBytes: 200_000, eviction: 's3-fifo' } as const;
const DOCUMENTS = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024, eviction: 's3-fifo' } as const;
/** What a parsed document takes in memory for each character of its text, as measured. */
const BYTES_PER_CHARACTER = 100;

/**
 * Answers operations from the memo before Apollo Server begins with them. The server still looks at each request (landing page,
 * cross-site requests), but for those of `answerAlone`, and has its context made; and it answers by itself until it has given from the memo the very answer that would be
 * given here: to this text, and to this method, `Content-Type` and `Accept`. So nothing is answered here that was not
 * parsed, validated and admitted there.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #execute: AnsweringServer['executeHTTPGraphQLRequest'];
  /** What the server has in place of it. */
  readonly #inPlace: AnsweringServer['executeHTTPGraphQLRequest'];
  readonly #isOverridden: boolean;
  /** By the text of the document, and by the name of the operation. */
  readonly #operations = new BoundedMap<Map<string | undefined, OperationGiven>>(DOCUMENTS);
  readonly #turns = new Turns();
  readonly #manners = new BoundedMap<Manner>(MANNERS);
  /** By requests that the server is answering. */
  readonly #awaited = createObjectNotes<Awaited>();
  #schema: GraphQLSchema | undefined;
  #isOpen = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { server } = options;
    this.#isOverridden = ownerOf(server, 'executeHTTPGraphQLRequest') !== ownerOf(server, 'assertStarted');
    this.#execute = server.executeHTTPGraphQLRequest.bind(server);
    this.#inPlace = (execution) => this.#answer(execution);
    server.executeHTTPGraphQLRequest = this.#inPlace;
    fronts.set(server, this);
  }

  /**
   * Answers a request without the server, where nothing is left for it to decide: what it has answered in the same manner is neither a
   * landing page nor a request of another site, which browsers cannot send as JSON without asking first. Code that others have put
   * around the server's own is asked each time.
   */
  async answerAlone({ request, whole, context }: HttpAsked): Promise<HttpAnswer> {
    await this.#turns.wait();
    const asked = this.#isAdmitted(request) ? askedBy(request) : undefined;
    const learnt = asked && this.#learnt(asked);
    const { server } = this.#options;
    if (asked === undefined || learnt === undefined)
      return server.executeHTTPGraphQLRequest({ httpGraphQLRequest: whole(), context });
    const making = context();
    const answer = await making.then((made) => this.#find(asked, learnt, made, true), nothing);
    if (answer !== undefined) return answer;
    const execution = { httpGraphQLRequest: whole(), context: () => making };
    return this.#learn(execution, { ...asked, request: execution.httpGraphQLRequest }, true);
  }

  #isAdmitted({ method, headers }: HttpRequest): boolean {
    if (!this.#isOpen || this.#isOverridden) return false;
    if (this.#options.server.executeHTTPGraphQLRequest !== this.#inPlace) return false;
    return method === 'POST' && isJson(headers.get('content-type'));
  }

  /** Told once the server has started, and whenever it has another schema. */
  loaded(schema: GraphQLSchema): void {
    if (this.#schema === undefined) this.#isOpen = this.#mayOpen();
    this.#schema = schema;
    this.#operations.clear();
  }

  /** Told of an answer that the server gives from the memo. */
  givenInside(request: object, given: GivenInside): void {
    const awaited = this.#awaited.get(request);
    if (awaited !== undefined) awaited.given = given;
  }

  /** Whether the memo had no answer to a request that the server answers now. */
  wasAsked(request: object): boolean {
    return this.#awaited.get(request)?.wasAsked === true;
  }

  /** Told once the server begins to stop: from then on it refuses requests. */
  willStop(): void {
    this.#isOpen = false;
  }

  #mayOpen(): boolean {
    const { server, mayMiss, log } = this.#options;
    const plugins = pluginsOf(server);
    const inTheWay = plugins && pluginsInTheWay(plugins, mayMiss);
    if (inTheWay?.length === 0) return true;
    const because =
      inTheWay === undefined
        ? 'this version of it does not tell which plugins it has'
        : `${inTheWay.join(', ')} would not see such requests; name in \`without\` the plugins that need not`;
    log.warn({}, `Nothing is answered in front of Apollo Server: ${because}`);
    return false;
  }

  async #answer(execution: HttpExecution): Promise<HttpAnswer> {
    await this.#turns.wait();
    const { httpGraphQLRequest: request } = execution;
    const asked = this.#isOpen ? askedBy(request) : undefined;
    if (asked === undefined) return this.#execute(execution);
    const learnt = this.#learnt(asked);
    return learnt === undefined ? this.#learn(execution, asked) : this.#try(execution, asked, learnt);
  }

  #learnt({ operation: { source, operationName }, mannerName }: Asked): Learnt | undefined {
    const operation = this.#operations.get(source, 0)?.get(operationName);
    const manner = operation && this.#manners.get(mannerName, 0);
    return manner && { operation, manner };
  }

  /** Answers it as the memo does, if it does, once the server has admitted the request and has its context. */
  #try({ context, httpGraphQLRequest }: HttpExecution, asked: Asked, learnt: Learnt): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const contextOrAnswer = async (): Promise<unknown> => {
        const made = await context();
        const answer = await this.#find(asked, learnt, made, false);
        const awaited = this.#awaited.get(asked.request);
        if (awaited !== undefined) awaited.wasAsked = true;
        if (answer === undefined) return made;
        resolve(answer);
        // What the server has begun ends here: nothing refers to it any more, and it is collected.
        return new Promise(() => undefined);
      };
      // Where the memo has no such answer any more, the server may have parsed the document anew.
      this.#learn({ httpGraphQLRequest, context: contextOrAnswer }, asked).then(resolve, reject);
    });
  }

  async #find(
    { request, operation: { variables, operationName } }: Asked,
    { operation: given, manner }: Learnt,
    context: unknown,
    isAlone: boolean,
  ): Promise<HttpAnswer | undefined> {
    const { memo, http, timeOperation, hasEvidence } = this.#options;
    const { headers } = request;
    if (typeof context !== 'object' || context === null) return undefined;
    if (headers.get(TRACED_BY) !== undefined) return undefined;
    try {
      if (hasEvidence({ http: request, variables, operationName }, context)) return undefined;
      if (http?.wantsFresh(headers, context) === true) return undefined;
      const end = timeOperation();
      const turn = this.#turns.begin();
      const sight = memo.sight({ variables, context, ...given });
      const answer = sight && (await memo.find(sight));
      if (answer === undefined) return undefined;
      this.#turns.end(turn);
      memo.countInFront();
      const said = this.#saidOf(request, given, answer);
      const response = answerIn(manner, answer, said, isAlone ? new Map() : manner.newHeaders());
      end();
      return response;
    } catch {
      // The server meets it again, and tells the client.
      return undefined;
    }
  }

  async #learn(execution: HttpExecution, asked: Asked, wasAsked = false): Promise<HttpAnswer> {
    const {
      request,
      operation: { source, operationName },
      mannerName,
    } = asked;
    const awaited: Awaited = { wasAsked, given: undefined };
    this.#awaited.set(request, awaited);
    const response = await this.#execute(execution);
    const { given } = awaited;
    // It may have another schema by now.
    if (given === undefined || given.operation.schema !== this.#schema) return response;
    const { operation, answer } = given;
    const manner = mannerIn(response, answer, this.#saidOf(request, operation, answer));
    if (manner === undefined) return response;
    this.#manners.set(mannerName, { value: manner, valueBytes: 1000, expiresAtMs: Infinity });
    const known = this.#operations.get(source, 0) ?? new Map<string | undefined, OperationGiven>();
    const valueBytes = BYTES_PER_CHARACTER * source.length;
    this.#operations.set(source, {
      value: known.set(operationName, operation),
      valueBytes,
      expiresAtMs: Infinity,
    });
    return response;
  }

  #saidOf({ method, headers }: HttpRequest, operation: OperationGiven, kept: KeptAnswer) {
    const { http } = this.#options;
    if (http === undefined) return undefined;
    // Written out: a spread costs more than the rest of it.
    return headOf(http, {
      operation,
      result: WHOLE,
      freshness: kept.freshness,
      kept,
      isSpecial: false,
      method,
      headers,
    });
  }
}

/** The object that has a property as its own, of all that this one inherits from. */
function ownerOf(object: object, name: string): unknown {
  for (let owner: unknown = object; isObject(owner); owner = Object.getPrototypeOf(owner))
    if (Object.hasOwn(owner, name)) return owner;
  return undefined;
}

function askedBy(request: HttpRequest): Asked | undefined {
  const operation = operationOf(request);
  return operation && { request, operation, mannerName: nameOfManner(request) };
}

/** Why there is no context, the server is told again, and tells the client. */
function nothing(): undefined {
  return undefined;
}

/** Its text is what was kept. */
const WHOLE = { data: {} };
