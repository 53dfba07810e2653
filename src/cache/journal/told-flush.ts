import { channels } from '../diagnostics/channels.js';
import type { FlushMessage } from '../diagnostics/messages.js';
import { tellWork } from '../diagnostics/tell-work.js';
import { namespaceOf } from '../keys/namespace.js';
import type { FlushedWrite, FlushTarget } from './flush-target.js';

/** Flushes writes of one namespace, and tells of it; `isBehind` where no request waits for them. */
export function toldFlush(
  target: FlushTarget,
  writes: readonly FlushedWrite[],
  isBehind: boolean,
): Promise<void> {
  const [first] = writes;
  if (first === undefined || !channels.flush.hasSubscribers) return target.flush(writes);
  const message: FlushMessage = { namespace: namespaceOf(first.key), writes: writes.length, isBehind };
  return tellWork(channels.flush, message, () => target.flush(writes));
}
