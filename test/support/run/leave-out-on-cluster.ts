import path from 'node:path';
import { beforeEach } from 'vitest';
import { whyLeftOut } from './on-cluster.js';

/** Loaded before each file that runs on a Redis Cluster. */
const isShort = process.env['CLUSTER_TESTS'] !== 'long';

beforeEach(({ task, skip }) => {
  const file = path.relative(process.cwd(), task.file.filepath).split(path.sep).join('/');
  const why = whyLeftOut(file, task.fullTestName, isShort);
  if (why !== undefined) skip(why);
});
