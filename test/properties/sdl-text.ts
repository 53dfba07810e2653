import type { ArgumentPlan, FieldPlan } from './schema-plan.js';

/** One field as a line of SDL. */
export function fieldText({
  name,
  args,
  type,
  directives,
}: Omit<FieldPlan, 'answer' | 'coordinate' | 'isPrivate'>): string {
  const texts = args.map(argumentText).join(', ');
  return `${name}${texts === '' ? '' : `(${texts})`}: ${type}${directives}`;
}

function argumentText({ name, type, defaultText }: ArgumentPlan): string {
  return `${name}: ${type}${defaultText === undefined ? '' : ` = ${defaultText}`}`;
}

export function typeText(opening: string, fields: readonly string[]): string {
  return `${opening} {\n  ${fields.join('\n  ')}\n}`;
}
