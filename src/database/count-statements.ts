import type pg from 'pg';

/**
 * Counts every SQL statement that a pool sends from now on, BEGIN and COMMIT included, whoever sends it.
 * `onStatement` also sees the text, for debugging; it must not throw.
 */
export function countStatements(pool: pg.Pool, onStatement?: (sql: string) => void): () => number {
  let count = 0;
  pool.on('connect', (client) => {
    client.query = new Proxy(client.query, {
      apply(query, _receiver, parameters: unknown[]) {
        count += 1;
        onStatement?.(statementText(parameters[0]));
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
