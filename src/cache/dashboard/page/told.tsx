import type { Told as What } from './use-change.js';

/** Says what became of a change; screen readers say it as soon as it is there. */
export function Told({ told }: { readonly told: What | undefined }) {
  return (
    <p role="status" class={told === undefined ? 'told' : told.isDone ? 'told done' : 'told failed'}>
      {told?.message}
    </p>
  );
}
