import { execute, type ExecutionArgs } from 'graphql';

/** Executes an operation. @throws the first error of its answer. */
export async function executed(args: ExecutionArgs): Promise<void> {
  const { errors = [] } = await execute(args);
  if (errors[0] !== undefined) throw errors[0];
}
