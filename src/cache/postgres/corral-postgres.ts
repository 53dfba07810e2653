#!/usr/bin/env node
import process from 'node:process';
import { runCommand } from './command.js';

process.exitCode = await runCommand(process.argv.slice(2), process.env, {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
});
