/** `graphql-corral/diagnostics`: what the caches of a process tell of by `node:diagnostics_channel`, with types. */
export { channels, type WorkChannel } from './channels.js';
export { onEnd, onMessage, onStart, type Unsubscribe } from './subscribe.js';
export type {
  Around,
  EntryMessage,
  FlushMessage,
  InvalidateMessage,
  LoadCause,
  LoadMessage,
  ReadMessage,
  RelayMessage,
  StoreMessage,
  WorkMessage,
} from './messages.js';
