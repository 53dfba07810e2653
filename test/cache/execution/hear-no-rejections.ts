let heard: NodeJS.UnhandledRejectionListener[] = [];

/**
 * graphql-js leaves rejections behind that no code hears of: elements of a list that an error has voided. Where that is what a
 * test compares with, they shall not end it.
 */
export const hearNoRejections = {
  begin: (): void => {
    heard = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', () => undefined);
  },
  end: (): void => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of heard) process.on('unhandledRejection', listener);
  },
};
