import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { machineFacts } from '../published/machine-facts.js';
import { peersFolder } from './install-peers.js';

/** The packages that are compared, and those that carry them. */
const PACKAGES = [
  '@apollo/server',
  '@apollo/server-plugin-response-cache',
  'mercurius',
  'mercurius-cache',
  'graphql-yoga',
  '@graphql-yoga/plugin-response-cache',
  'bentocache',
  'graphql',
];

/** When, on what machine, and with which versions, in one paragraph. */
export async function factsOf(rounds: number): Promise<string> {
  const versions = await Promise.all(PACKAGES.map(async (name) => `${name} ${await versionOf(name)}`));
  return `${await machineFacts()}; medians of ${rounds} rounds. ${versions.join(', ')}.`;
}

async function versionOf(name: string): Promise<string> {
  const file = path.join(peersFolder, 'node_modules', ...name.split('/'), 'package.json');
  const { version }: { version?: unknown } = JSON.parse(await readFile(file, 'utf8'));
  return String(version);
}
