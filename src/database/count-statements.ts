import type pg from 'pg';

/** The relay of the outbox looks in from time to time, which no request asked for. */
const UPKEEP = /"Cache(Outbox|Store)"/;

/**
 * Counts every SQL statement that a pool sends from now on, BEGIN and COMMIT included, whichever code sends it, except those
 * about the outbox.
 * `onStatement` also sees the text, for debugging; it must not throw.
 */
export function countStatements(pool: pg.Pool, onStatement?: (sql: string) => void): () => number {
  let count = 0;
  pool.on('connect', (client) => {
    client.query = new Proxy(client.query, {
      apply(query, _receiver, parameters: unknown[]) {
        const text = statementText(parameters[0]);
        if (!UPKEEP.test(text)) count += 1;
        onStatement?.(text);
        return Reflect.apply(query, client, parameters);
      },
    });
  });
  return () => count;
}

function statementText(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
  return isNamed ? String(statement.text) : '';
}
