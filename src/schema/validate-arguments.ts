import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import { badUserInput } from '../api-errors/api-error.js';
import type { ArgumentCheck, CheckContext } from './argument-checks.js';
import type { ArgumentRules } from './argument-rules.js';
import type { AnswersAs } from './scans-of-clients.js';

type Arguments = Readonly<Record<string, unknown>>;

/**
 * A schema whose fields refuse arguments that break their rules. It goes around the cached schema: a cached field may
 * answer without any resolver of ours, and a wrong argument must not become the name of an entry.
 * What the field returns is handed on as it is, so a value stays a value and does not become a promise.
 */
export function validateArguments(
  schema: GraphQLSchema,
  rules: ArgumentRules,
  answersAs: AnswersAs = (_resolve, around) => around,
): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, CheckContext>, field, type) => {
      const rule = rules[`${type}.${field}`];
      if (rule === undefined) return config;
      const check = compileChecks(rule);
      const resolve = config.resolve ?? defaultFieldResolver;
      const around: typeof resolve = (parent, args: Arguments, context, info): unknown => {
        check(args, context);
        return resolve(parent, args, context, info);
      };
      return { ...config, resolve: answersAs(resolve, around) };
    },
  });
}

/** The checks of one field, with their paths split once. */
function compileChecks(
  rule: Readonly<Record<string, ArgumentCheck>>,
): (args: Arguments, context: CheckContext) => void {
  const checks = Object.entries(rule).map(([argument, check]) => ({
    argument,
    path: argument.split('.'),
    check,
  }));
  return (args, context) => {
    for (const { argument, path, check } of checks) {
      const value = valueAt(args, path);
      const fault = value === undefined ? undefined : check(value, context);
      if (fault !== undefined) throw badUserInput(argument, `The argument "${argument}" ${fault}.`);
    }
  };
}

function valueAt(args: Arguments, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}
