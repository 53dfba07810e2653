/** True where the person at the terminal answers a question with y or yes. */
export async function saysYes(
  ask: (question: string) => Promise<string>,
  question: string,
): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim());
}
