import { axes, type AxisName, type StoreName } from './axes.js';
import { figuresOf, type Figure } from './judge.js';
import type { Turn } from './measured-turns.js';
import { operationNames, type OperationName } from './subjects/subject.js';

/** What was measured at one size. */
export interface MeasuredAtSize {
  readonly size: number;
  readonly entries: number;
  readonly memoryBytes: number;
  /** One of each round. */
  readonly turns: readonly Turn[];
}

/** What was measured of one axis over one store, the smallest size first. */
export interface MeasuredAxis {
  readonly axis: AxisName;
  readonly store: StoreName;
  readonly sizes: readonly MeasuredAtSize[];
}

/** The figures of each operation that was measured. */
export function operationsOf({
  axis,
  sizes,
}: MeasuredAxis): readonly { readonly operation: OperationName; readonly figures: readonly Figure[] }[] {
  return operationNames.flatMap((operation) => {
    const costs = sizes.map(({ size, turns }) => ({
      size,
      costs: turns.flatMap((turn) => turn[operation] ?? []),
    }));
    if (costs.every((one) => one.costs.length === 0)) return [];
    return [{ operation, figures: figuresOf(costs, axes[axis].isJudgedByCpuAlone ?? false) }];
  });
}
