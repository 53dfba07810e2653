/** What the database layer tells an operator. Pino fits as it is. */
export interface DatabaseLog {
  info(message: string): void;
  warn(message: string): void;
}
