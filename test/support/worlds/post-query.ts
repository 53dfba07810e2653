/** What a query is sent with besides its text. */
export interface PostOptions {
  readonly variables?: object | undefined;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Sends a query to an API as a client does. */
export async function postQuery(
  url: string,
  query: string,
  { variables, token, headers = {} }: PostOptions = {},
): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
}
