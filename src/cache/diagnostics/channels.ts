import { channel, tracingChannel, type Channel, type TracingChannel } from 'node:diagnostics_channel';
import type {
  FlushMessage,
  InvalidateMessage,
  LoadMessage,
  ReadMessage,
  RelayMessage,
  StoreMessage,
  WorkMessage,
} from './messages.js';

/** The channels of work that takes time: `start`, `end`, and where it goes on after that `asyncStart` and `asyncEnd`; `error` where it fails. */
export type WorkChannel<Message extends WorkMessage> = TracingChannel<unknown, Message>;

const work = <Message extends WorkMessage>(name: string): WorkChannel<Message> =>
  tracingChannel<unknown, Message>(`graphql-corral:${name}`);

// A channel has the messages that are published to it, which only `tellStored` does.
const store = channel('graphql-corral:store') as Channel<unknown, StoreMessage>;

/**
 * What the caches of this process tell of, by `node:diagnostics_channel`. Without subscribers no
 * message is made.
 */
export const channels = Object.freeze({
  /** Reads of cached fields, and by `cache.fetch`: `tracing:graphql-corral:read:start` and so on. */
  read: work<ReadMessage>('read'),
  /** Calls of resolvers and origins. */
  load: work<LoadMessage>('load'),
  /** What became of entries on their way into the store: `graphql-corral:store`. */
  store,
  /** Invalidations that writes of this process mean. */
  invalidate: work<InvalidateMessage>('invalidate'),
  /** Rows of the outbox that are applied. */
  relay: work<RelayMessage>('relay'),
  /** Accepted writes that are written into the database. */
  flush: work<FlushMessage>('flush'),
});
