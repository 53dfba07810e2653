import { CommandFault } from './command-fault.js';

/** Loads what needs an optional package. @throws CommandFault where that is not installed. */
export async function needing<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing || !error.message.includes(`'${name}'`)) throw error;
    throw new CommandFault(`This command needs the package ${name}: npm install ${name}`);
  }
}
