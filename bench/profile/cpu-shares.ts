import { layerOf, roomOf, type Layer } from './layers.js';

/** What is read of a `.cpuprofile`. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node that ran at each sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Shares of the time in which the process did something; they sum up to 1. */
export interface CpuShares {
  readonly layers: ReadonlyMap<Layer, number>;
  /** Of the engine, by room. */
  readonly rooms: ReadonlyMap<string, number>;
  /** By function, as `name file:line`. */
  readonly functions: ReadonlyMap<string, number>;
}

/**
 * Where the time of a profile went, by the code that ran itself. What has no file, such as what V8 has built in, counts for
 * the code that called it; idle time does not count.
 */
export function cpuSharesOf({ nodes, samples, timeDeltas }: CpuProfile): CpuShares {
  const places = placesOf(nodes);
  const layers = new Map<Layer, number>();
  const rooms = new Map<string, number>();
  const functions = new Map<string, number>();
  let all = 0;
  for (const [at, id] of samples.entries()) {
    const place = places.get(id);
    const us = Math.max(timeDeltas[at] ?? 0, 0);
    if (place === undefined || us === 0) continue;
    all += us;
    add(layers, place.layer, us);
    add(functions, place.label, us);
    if (place.room !== undefined) add(rooms, place.room, us);
  }
  return { layers: shares(layers, all), rooms: shares(rooms, all), functions: shares(functions, all) };
}

interface Place {
  readonly layer: Layer;
  readonly room: string | undefined;
  readonly label: string;
}

/** Of every node that is not idle. */
function placesOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, Place> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, Place>();
  const visit = (node: ProfileNode, caller: Place): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    // Beginning and ending the profile is in it as well.
    if (functionName === '(idle)' || url.startsWith('node:inspector')) return;
    const layer = layerOf(functionName, url);
    const name = functionName === '' ? '(anonymous)' : functionName;
    const label = url === '' ? `${name} ← ${caller.label}` : `${name} ${shortUrl(url)}:${lineNumber + 1}`;
    const place: Place =
      layer === undefined
        ? { ...caller, label }
        : { layer, room: roomOf(url), label: url === '' ? name : label };
    places.set(node.id, place);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) visit(child, place);
    }
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, { layer: 'other', room: undefined, label: '' });
  return places;
}

function shortUrl(url: string): string {
  return url.replace(/^.*\/(?:node_modules|dist)\//, '').replace(/^file:\/\//, '');
}

function add<Key>(sums: Map<Key, number>, key: Key, us: number): void {
  sums.set(key, (sums.get(key) ?? 0) + us);
}

function shares<Key>(sums: ReadonlyMap<Key, number>, all: number): ReadonlyMap<Key, number> {
  return new Map([...sums].map(([key, us]) => [key, us / all]));
}
