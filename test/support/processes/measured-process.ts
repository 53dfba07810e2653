import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type StartedApi, startedApi } from './started-api.js';

/** An API process whose memory is looked at while it serves. */
export interface MeasuredProcess extends StartedApi {
  /** Bytes of heap and buffers that are left after a collection. */
  holds(): Promise<number>;
  /** Bytes as /metrics tells them, garbage included. */
  takes(): Promise<{ readonly heap: number; readonly rss: number }>;
}

const tellMemory = pathToFileURL(path.join(import.meta.dirname, 'tell-memory.mjs')).href;

/** Starts an API whose heap has this bound, on a free port; it ends with the test at the latest. */
export async function measuredProcess(
  heapMebibytes: number,
  environment: Readonly<Record<string, string>>,
): Promise<MeasuredProcess> {
  const options = `--max-old-space-size=${heapMebibytes} --import=${tellMemory}`;
  const api = await startedApi({ ...environment, NODE_OPTIONS: options });
  let asked = 0;
  return {
    ...api,
    async holds() {
      asked += 1;
      api.program.child.kill('SIGUSR2');
      const [, bytes] = await api.program.prints(new RegExp(`holds ${asked}: (\\d+) bytes`));
      return Number(bytes);
    },
    async takes() {
      const text = await (await fetch(`${api.url}/metrics`)).text();
      const gauge = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      return {
        heap: gauge('nodejs_heap_size_used_bytes') + gauge('nodejs_external_memory_bytes'),
        rss: gauge('process_resident_memory_bytes'),
      };
    },
  };
}
