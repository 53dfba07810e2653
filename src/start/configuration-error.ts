/** Something a person set up must change before the program can start; the message is the whole story. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
