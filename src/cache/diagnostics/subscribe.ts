import { subscribe, unsubscribe, type Channel } from 'node:diagnostics_channel';
import type { WorkChannel } from './channels.js';
import type { WorkMessage } from './messages.js';

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** Calls the listener when work begins, before it does. What the listener throws is an uncaught exception of the process. */
export function onStart<Message extends WorkMessage>(
  { start }: WorkChannel<Message>,
  listener: (message: Message) => void,
): Unsubscribe {
  return onMessage(start, listener);
}

/** Calls the listener once when work has ended: it then knows all that the message says. */
export function onEnd<Message extends WorkMessage>(
  { end, asyncEnd }: WorkChannel<Message>,
  listener: (message: Message) => void,
): Unsubscribe {
  const stops = [
    onMessage(end, (message) => {
      if (message.isAsync !== true) listener(message);
    }),
    onMessage(asyncEnd, listener),
  ];
  return () => stops.forEach((stop) => stop());
}

/** Calls the listener with each message of one channel. */
export function onMessage<Message>(
  { name }: Channel<unknown, Message>,
  listener: (message: Message) => void,
): Unsubscribe {
  // A channel of this name carries these messages and no others.
  const heard = (message: unknown): void => listener(message as Message);
  subscribe(name, heard);
  return () => void unsubscribe(name, heard);
}
