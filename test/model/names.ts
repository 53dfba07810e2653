import type { State } from './visited.js';
import { get, READER, readerAt, WRITER, writerAt } from './world.js';

export const TAG_NAMES = ['the key', 'the tag'];
export const GENERATION_NAMES = ['the generation of the key', 'the generation of the tag', 'the epoch'];

export const readerName = (state: State, index: number): string =>
  `reader ${get(state, readerAt(index) + READER.name)}`;
export const writerName = (state: State, index: number): string =>
  `writer ${get(state, writerAt(index) + WRITER.name)}`;
