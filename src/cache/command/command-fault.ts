/** Ends a command with a sentence instead of a stack. */
export class CommandFault extends Error {
  /** 1: the command was right and something else is wrong; 2: the command itself is wrong. */
  readonly exitCode: 1 | 2;

  constructor(sentence: string, exitCode: 1 | 2 = 1) {
    super(sentence);
    this.name = 'CommandFault';
    this.exitCode = exitCode;
  }
}

/** A command that was not written as it has to be. */
export function wrongCommand(sentence: string): CommandFault {
  return new CommandFault(sentence, 2);
}
