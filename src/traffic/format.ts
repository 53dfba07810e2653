import { z } from 'zod';

/** A recording of traffic has lines of JSON: this one first, and then one for each operation. */
export const trafficHead = z.strictObject({ format: z.literal('corral-traffic'), version: z.literal(1) });

export const head: z.infer<typeof trafficHead> = { format: 'corral-traffic', version: 1 };

export const recordedOperation = z.strictObject({
  /** Milliseconds since the recording began. */
  ms: z.number().int().min(0),
  /** Sessions count from 1 in the order in which they first ask; a guest has none. */
  viewer: z.number().int().min(1).optional(),
  /** Without comments. */
  document: z.string().min(1),
  operationName: z.string().min(1).optional(),
  variables: z.record(z.string(), z.unknown()),
});

export type RecordedOperation = z.infer<typeof recordedOperation>;

/** A recording ends by itself before it has more. */
export const MOST_BYTES = 64 * 1024 * 1024;
