/** Says of namespaces without a table that writes by other programs do not end their entries. */
export function unwatchedSentence(namespaces: readonly string[]): string {
  const names = namespaces.map((name) => `"${name}"`).join(', ');
  return (
    `No table is watched for ${names}: a write by another program ends none of those entries. Name the table in \`tables\`, ` +
    'name the tag in the `tags` of a table, or write `false` for a namespace without a table.'
  );
}
