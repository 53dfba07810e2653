import type { ArgumentPlan } from './schema-plan.js';

/** A field before it is decided how it answers. */
export interface FieldShape {
  readonly owner: string;
  readonly name: string;
  readonly type: string;
  readonly args: readonly ArgumentPlan[];
  /** What tells the owner's objects apart: undefined for Query. */
  readonly parentId: 'parent.id' | 'parent.code' | undefined;
  /** True where the parent may hold the answer. */
  readonly canBeProperty: boolean;
}

/** A field that must have a value does not throw: it would void too much of the answer. */
export function mayThrow(isDrawn: boolean, { type }: FieldShape): boolean {
  return isDrawn && !type.endsWith('!');
}

/** What tells the owner's objects apart, as inputs of a field. */
export function parentInputs({ parentId }: FieldShape): readonly string[] {
  return parentId === undefined ? [] : [parentId];
}
