/** What the engine tells an operator: coordinates, counts and times, never values. Pino fits as it is. */
export interface CacheLog {
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
  error(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** Used when no log is given: Node prints these to stderr, so nothing is silent by default. */
export const warningLog: CacheLog = {
  warn: (details, message) => emit(details, message),
  error: (details, message) => emit(details, message),
};

function emit(details: Readonly<Record<string, unknown>>, message: string): void {
  process.emitWarning(`${message} ${JSON.stringify(details)}`, 'CorralWarning');
}
