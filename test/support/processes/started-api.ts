import { type Program, startProgram } from './program.js';
import { temporaryFolder } from '../temporary-folder.js';

export interface StartedApi {
  /** Where it listens, without a path. */
  readonly url: string;
  readonly program: Program;
}

/** The API as a program of its own on a free port, ready to answer; it ends with the test at the latest. */
export async function startedApi(environment: Readonly<Record<string, string>>): Promise<StartedApi> {
  const program = startProgram({
    folder: await temporaryFolder(),
    environment: { PORT: '0', ...environment },
  });
  const [, url = ''] = await program.prints(/Corral is ready\.\n {2}API +(\S+)\/graphql/);
  return { url, program };
}
