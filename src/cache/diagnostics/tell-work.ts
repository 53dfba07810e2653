import { begun, isPromise } from '../maybe-promise.js';
import type { WorkChannel } from './channels.js';
import type { WorkMessage } from './messages.js';

/**
 * Does the work, and tells of it: in the order of `TracingChannel.tracePromise`, but what is answered at once is. Ask
 * `hasSubscribers` of the channel before a message is made.
 */
export function tellWork<Message extends WorkMessage, T>(
  channel: WorkChannel<Message>,
  message: Message,
  work: () => T,
): T {
  const fail = (error: unknown): void => {
    message.error = error;
    channel.error.publish(message);
  };
  const endLater = (): void => {
    channel.asyncStart.publish(message);
    channel.asyncEnd.publish(message);
  };
  return channel.start.runStores(message, () => {
    try {
      const result = begun(message.around === undefined ? work() : message.around(work));
      if (isPromise(result)) {
        message.isAsync = true;
        result.then(endLater, (error: unknown) => {
          fail(error);
          endLater();
        });
      }
      return result;
    } catch (error) {
      fail(error);
      throw error;
    } finally {
      channel.end.publish(message);
    }
  });
}
