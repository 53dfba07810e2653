import { channels } from '../diagnostics/channels.js';
import type { LoadMessage } from '../diagnostics/messages.js';
import { tellWork } from '../diagnostics/tell-work.js';

/** Makes a load, and tells of it where a message says what it is: none is made while `channels.load` has no subscriber. */
export function toldLoad<T>(message: LoadMessage | undefined, load: () => T): T {
  return message === undefined ? load() : tellWork(channels.load, message, load);
}
