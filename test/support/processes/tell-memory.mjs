// Preloaded with NODE_OPTIONS=--import: a process that gets SIGUSR2 collects its garbage and prints what it still holds, in bytes.
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
let told = 0;

process.on('SIGUSR2', () => {
  for (let times = 0; times < 3; times += 1) collect();
  // Buffers are freed beside the program.
  setTimeout(() => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    process.stdout.write(`holds ${(told += 1)}: ${heapUsed + arrayBuffers} bytes\n`);
  }, 20);
});
