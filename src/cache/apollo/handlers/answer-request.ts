import type { IncomingHttpHeaders } from 'node:http';
import { unknownOptions, type KnownOptions } from '../../unknown-options.js';
import { frontOf, type AnsweringServer } from '../front.js';
import type { HttpAnswer } from '../manner.js';
import { NodeHeaders } from './request-headers.js';

/** A request as a framework of Node.js has it. */
export interface GivenRequest {
  readonly method?: string | undefined;
  /** From the path on. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Has a request answered in front of the server where that may be, and otherwise by it. `context` makes the context, and must not throw
 * at once.
 */
export function answerRequest(
  server: AnsweringServer,
  { method = '', url = '', headers: given }: GivenRequest,
  body: unknown,
  context: () => Promise<unknown>,
): Promise<HttpAnswer> {
  const at = url.indexOf('?');
  const search = at < 0 ? '' : url.slice(at);
  const headers = new NodeHeaders(given);
  const whole = () => ({ method, search, body, headers: headers.toMap() });
  const front = frontOf(server);
  if (front !== undefined)
    return front.answerAlone({ request: { method, search, body, headers }, whole, context });
  return server.executeHTTPGraphQLRequest({ httpGraphQLRequest: whole(), context });
}

/** A header of an answer; what code in front of the handler has said in `Vary`, such as checks of the origin, holds as well. */
export function headerValue(name: string, value: string, before: unknown): string {
  if (name !== 'vary' || before === undefined) return value;
  const names = `${String(before)},${value}`.split(',').map((one) => one.trim());
  return [...new Map(names.map((one) => [one.toLowerCase(), one])).values()].join(', ');
}

/** What is wrong with what a handler is told. */
export function handlerFaults(server: unknown, options: object, known: KnownOptions): string[] {
  const faults = unknownOptions(options, known);
  if (typeof server !== 'object' || server === null || !('executeHTTPGraphQLRequest' in server))
    faults.push('the server must be an Apollo Server 4 or 5');
  const context: unknown = Reflect.get(options, 'context');
  if (context !== undefined && typeof context !== 'function') faults.push('context must be a function');
  return faults;
}
