import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/**
 * A reporter of vitest: what files and hooks failed with, and errors outside of any test, `{ name, message }` each, in the file
 * that FAILED_HOOKS names. The report in JSON has nothing of them but the tests that were left out.
 */
export default class FailedHooks {
  onTestRunEnd(modules, unhandled) {
    const failed = modules.flatMap((module) =>
      [module, ...module.children.allSuites()].flatMap((part) =>
        part.errors().map((error) => ({
          name: [path.relative(process.cwd(), module.moduleId), part.fullName].filter(Boolean).join(': '),
          message: messageOf(error),
        })),
      ),
    );
    const outside = unhandled.map((error) => ({ name: 'the run as a whole', message: messageOf(error) }));
    writeFileSync(process.env.FAILED_HOOKS, JSON.stringify([...failed, ...outside]));
  }
}

/** What is thrown need not be an error. */
function messageOf(error) {
  return String(error.message ?? JSON.stringify(error));
}
