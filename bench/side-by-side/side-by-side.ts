import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { privateRedis } from '../../test/support/private-redis.js';
import { requireWrk } from '../overhead/wrk.js';
import { docsFolder, writePage } from '../published/page.js';
import { busyCores } from '../published/quiet.js';
import { takeCore } from './busy-core.js';
import { ownServers, peerNames, sharedLibraries, type PeerName } from './contestants.js';
import { factsOf } from './facts.js';
import { hitStandings, measureHits, SLICE_SECONDS, type Hits } from './hits.js';
import { installPeers } from './install-peers.js';
import { rowNames, scenarios } from './scenarios.js';
import { whereOthersLead, type Standing } from './standing.js';
import { peersTable } from './table.js';
import { runScenario, type Sample } from './two-processes/run-scenario.js';
import type { Scenario } from './two-processes/scenario.js';
import { scenarioReport, standingsOf } from './two-processes/scenario-report.js';
import { unsteadyReference } from './unsteady-reference.js';

const page = { file: path.join(docsFolder, 'peers.md'), command: 'bench:peers' };

export interface SideBySideOptions {
  readonly isQuick: boolean;
  /** Whether another program takes a part of the cores meanwhile. */
  readonly isLoaded: boolean;
  readonly peers: readonly PeerName[];
  /** Some of `rowNames`. */
  readonly rows: readonly string[];
  /** Where every figure is written to. */
  readonly json: string | undefined;
  readonly signal: AbortSignal;
}

/** With `isLoaded`. */
const coresToTake = Math.max(1, Math.floor(cpus().length / 2));

interface Measured {
  readonly hits: Hits | undefined;
  readonly scenarios: readonly { readonly scenario: Scenario; readonly samples: readonly Sample[] }[];
}

/**
 * Measures the library and the peers in turn and prints the tables. They are published only where all was measured, in full and
 * on a quiet machine. Resolves with whether they were, or need not have been. What it started is gone afterwards.
 */
export async function sideBySide(options: SideBySideOptions): Promise<boolean> {
  const { isQuick, isLoaded, peers, rows, signal } = options;
  if (rows.includes('hits')) requireWrk();
  await installPeers(signal);
  const busyBefore = await busyCores('before', signal);
  for (const reason of busyBefore) console.error(`THIS MACHINE IS BUSY: ${reason}`);
  const rounds = isQuick ? 3 : 7;
  const measured = await measureRows(options, rounds);
  const unsteady = unsteadyReference(measured.hits?.slices ?? []);
  const reasons = [
    ...busyBefore,
    ...(await busyCores('after', signal)),
    // What takes the cores on purpose makes the constants differ, too.
    ...(isLoaded ? [] : unsteady),
  ];
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(measured, undefined, 2));
  const facts = await factsOf(rounds - 1);
  const load = [`${coresToTake} of ${cpus().length} cores were taken by another program`, ...unsteady].join(
    '; ',
  );
  const figures = figuresOf(measured, isLoaded ? `${facts}\n\n${load}.` : facts);
  const notes = reasons.length === 0 ? '' : `A BUSY MACHINE: ${reasons.join('; ')}.\n\n`;
  console.log(`\n${notes}${figures}`);
  if (isQuick || isLoaded || rows.length < rowNames.length || peers.length < peerNames.length) {
    console.error(
      'docs/peers.md stays as it is: only a full run of everything on a quiet machine is published',
    );
    return true;
  }
  if (reasons.length > 0) {
    console.error('docs/peers.md stays as it is: the machine was not quiet');
    return false;
  }
  await writePage(page, figures);
  console.error('docs/peers.md has these figures now');
  return true;
}

async function measureRows(
  { isQuick, isLoaded, peers, rows, signal }: SideBySideOptions,
  rounds: number,
): Promise<Measured> {
  const closers: Closer[] = [];
  try {
    for (let taken = 0; isLoaded && taken < coresToTake; taken += 1) closers.push(takeCore(signal));
    const hits = rows.includes('hits') ? await measureHits({ rounds, peers, signal }) : undefined;
    const origin = await privateRedis();
    closers.push({ what: 'the Redis of the origin', close: origin.stop });
    const measured = [];
    const contestants = [...ownServers, ...sharedLibraries, ...peers];
    for (const [name, scenario] of scenarios) {
      if (!rows.includes(name)) continue;
      const running = { rounds, isQuick, contestants, originUrl: origin.url, signal };
      measured.push({ scenario, samples: await runScenario(scenario, running) });
    }
    return { hits, scenarios: measured };
  } finally {
    await closeAll(closers);
  }
}

/** What the page shows, in Markdown. */
function figuresOf({ hits, scenarios: measured }: Measured, facts: string): string {
  const standings: readonly Standing[] = [
    ...(hits === undefined ? [] : hitStandings(hits)),
    ...measured.flatMap(({ scenario, samples }) => standingsOf(scenario, samples)),
  ];
  const hitsReport =
    hits === undefined
      ? []
      : [
          '### Hits',
          `One process each, 64 connections, slices of ${SLICE_SECONDS} s. The ratio is to Apollo Server with constants in memory, within one round, the worse of requests per second and CPU.`,
          peersTable(hits.slices, hits.workloads),
        ];
  return [
    facts,
    '### Where others are ahead',
    whereOthersLead(standings),
    ...hitsReport,
    ...measured.map(({ scenario, samples }) => scenarioReport(scenario, samples)),
  ].join('\n\n');
}
