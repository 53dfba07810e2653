/** A request over HTTP, as integrations hand it to Apollo Server. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: { get(name: string): string | undefined };
  /** What follows the path in a URL, with its question mark. */
  readonly search: string;
  /** As it was parsed. */
  readonly body: unknown;
}

const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i;

/** Whether a body is JSON by its `Content-Type`. A browser asks the server before it sends such a body from another site. */
export function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && JSON_TYPE.test(contentType);
}

type Variables = Readonly<Record<string, unknown>>;

/** The one operation of a request. */
export interface HttpOperation {
  readonly source: string;
  readonly operationName: string | undefined;
  readonly variables: Variables | undefined;
}

/**
 * What a request asks for. Undefined for whatever is not surely one operation by its text, such as batches and persisted queries: Apollo
 * Server knows what that is, and what is wrong with it.
 */
export function operationOf({ method, search, body }: HttpRequest): HttpOperation | undefined {
  const parts = method === 'POST' ? body : method === 'GET' ? partsOf(search) : undefined;
  if (!isRecord(parts)) return undefined;
  const [source, operationName, variables, extensions] = PARTS.map((name) => partOf(parts, name));
  if (typeof source !== 'string') return undefined;
  if (operationName !== undefined && typeof operationName !== 'string') return undefined;
  if (variables !== undefined && !isRecord(variables)) return undefined;
  if (extensions !== undefined && (!isRecord(extensions) || 'persistedQuery' in extensions)) return undefined;
  return { source, operationName, variables };
}

const PARTS = ['query', 'operationName', 'variables', 'extensions'] as const;

/** Null, which may stand for what is not there, is undefined; what is there as undefined is refused, and so it is null. */
function partOf(parts: Variables, name: string): unknown {
  if (!(name in parts)) return undefined;
  const part = parts[name];
  return part === null ? undefined : (part ?? null);
}

/** Those of a GET; undefined where one of them is there twice, or is no JSON. */
function partsOf(search: string): Variables | undefined {
  const given = new URLSearchParams(search);
  const parts: Record<string, unknown> = {};
  for (const name of PARTS) {
    const [value, ...others] = given.getAll(name);
    if (value === undefined) continue;
    if (others.length > 0) return undefined;
    parts[name] = name === 'query' || name === 'operationName' ? value : parsed(value);
  }
  return parts;
}

/** The JSON of an object; otherwise undefined, which is refused. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value ?? undefined;
  } catch {
    // Apollo Server tells the client.
    return undefined;
  }
}

function isRecord(value: unknown): value is Variables {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
