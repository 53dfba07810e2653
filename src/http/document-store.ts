import { InMemoryLRUCache, type KeyValueCache } from '@apollo/utils.keyvaluecache';
import type { DocumentNode } from 'graphql';

/** What a parsed and validated document takes in memory for each character of its text, as measured. */
const BYTES_PER_CHARACTER = 100;
const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;
/** A longer document is parsed each time: a few of them, such as long comments make, would put out those of all other clients. */
const LONGEST_CHARACTERS = 16 * 1024;

/**
 * Where Apollo Server keeps parsed documents, bounded by the memory that they take; the least recently used goes first. By
 * default it counts their JSON, of which they take four times as much: its 30 MiB were 130 MB.
 */
export function createDocumentStore(maxBytes = DEFAULT_MAX_BYTES): KeyValueCache<DocumentNode> {
  const maxEntrySize = LONGEST_CHARACTERS * BYTES_PER_CHARACTER;
  return new InMemoryLRUCache<DocumentNode>({ maxSize: maxBytes, maxEntrySize, sizeCalculation: bytesOf });
}

/** A document has at least one character. */
function bytesOf({ loc }: DocumentNode): number {
  return (loc?.source.body.length ?? 1) * BYTES_PER_CHARACTER;
}
