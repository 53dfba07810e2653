import { seededRandom, type Random } from '../properties/seeded-random.js';
import { figuresOf, type Figures } from './figures.js';
import { RowHistory } from './row-history.js';
import { RunningLoads } from './running-loads.js';
import { SimulatedServers } from './simulated-cluster.js';
import { present, SimulatedNetwork, type Travel } from './simulated-network.js';
import { SimulatedProcess, type Answer } from './simulated-process.js';
import type { Plant } from './simulated-server.js';
import { SimulatedTime } from './simulated-time.js';
import { beginTroubles, type TroubleKind } from './troubles.js';
import { documents, worldSchema } from './world-schema.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly processes: number;
  /** Primaries; 1: one server, and no cluster. */
  readonly nodes: number;
  readonly operations: number;
  /** How many operations each process begins in a second. */
  readonly eachPerSecond: number;
  readonly rows: number;
  /** The share of operations that write. */
  readonly writeShare: number;
  readonly strictCopies?: boolean;
  /** Troubles a second, on average; 0: nothing goes wrong. */
  readonly troublesPerSecond: number;
  readonly onlyTroubles?: readonly TroubleKind[];
  /** Whether half of the wake-ups of the servers are lost, and nothing else goes wrong. */
  readonly losesWakeUps?: boolean;
  readonly plants?: readonly Plant[];
  /** Whether it ends with the first violation; default true. */
  readonly endsEarly?: boolean;
}

export interface Simulation {
  /** What was served that is older than what had been acknowledged, and loads without need; each with the last of its rows. */
  readonly violations: readonly string[];
  readonly figures: Figures;
  /** What was counted until all had started. */
  readonly atStart: Figures;
}

const USUAL: Travel = { leastMs: 0.1, mostMs: 0.6, lateShare: 0, lateMs: 1, lostShare: 0 };
const TROUBLED: Travel = { ...USUAL, lateShare: 0.002, lateMs: 300, lostShare: 0.2 };
/** So long the database takes for what it is asked, milliseconds each way. */
const LOAD_MS = { least: 1, most: 25 };
/** A load that takes longer is waited for no longer by others. */
const SLOW_MS = 400;
/** Operations that have not ended so long after the last one began hang, milliseconds. */
const ENDS_WITHIN_MS = 30_000;
const PAGES_PER_ROW = 0.5;

/** Runs processes of the engine over simulated servers, and checks each read against what was acknowledged before it began. */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const time = new SimulatedTime();
  const giveBack = time.install();
  try {
    return await new World(options, time).run();
  } finally {
    present.network = undefined;
    giveBack();
  }
}

class World {
  readonly #options: SimulationOptions;
  readonly #time: SimulatedTime;
  readonly #random: Random;
  readonly #network: SimulatedNetwork;
  readonly #servers: SimulatedServers;
  readonly #rows: readonly RowHistory[];
  readonly #loads = new RunningLoads();
  readonly #violations: string[] = [];
  #processes: readonly SimulatedProcess[] = [];
  #begun = 0;
  #ended = 0;
  #reads = 0;
  #writes = 0;
  #strictWrites = 0;
  #failures = 0;

  constructor(options: SimulationOptions, time: SimulatedTime) {
    const { seed, nodes, rows, plants = [] } = options;
    this.#options = options;
    this.#time = time;
    this.#random = seededRandom(seed);
    this.#network = new SimulatedNetwork(time, this.#random, USUAL);
    present.network = this.#network;
    this.#servers = new SimulatedServers({
      ...{ network: this.#network, random: this.#random, nodes, plants: new Set(plants) },
    });
    this.#rows = Array.from({ length: rows }, (_, id) => new RowHistory(`Row:${id}`));
  }

  async run(): Promise<Simulation> {
    const { operations, troublesPerSecond, losesWakeUps = false, processes, onlyTroubles } = this.#options;
    await this.#startAll();
    const startedAtMs = this.#time.nowMs;
    const before = figuresOf(this.#counted(0));
    this.#network.counters.receivedBy.clear();
    if (losesWakeUps) this.#network.travel = { ...USUAL, lostShare: 0.5 };
    if (troublesPerSecond > 0) {
      this.#network.travel = TROUBLED;
      this.#network.onLate = () => this.#loads.troubled(this.#time.nowMs);
      beginTroubles({
        ...{ time: this.#time, network: this.#network, servers: this.#servers, random: this.#random },
        ...{ loads: this.#loads, processes, perSecond: troublesPerSecond },
        only: onlyTroubles,
        isOver: () => this.#begun >= operations,
      });
    }
    for (const process of this.#processes) this.#plan(process);
    await this.#until(() => this.#begun >= operations);
    const endsAtMs = this.#time.nowMs + ENDS_WITHIN_MS;
    await this.#time.pass(endsAtMs, () => this.#isOver(() => this.#ended >= this.#begun));
    if (this.#ended < this.#begun && !this.#isFound()) {
      this.#violations.push(`${this.#begun - this.#ended} operations have not ended`);
    }
    const figures = figuresOf(this.#counted(this.#time.nowMs - startedAtMs), before);
    await this.#closeAll();
    return { violations: this.#told(), figures, atStart: before };
  }

  /** One after the other, since the store loads its client first, which takes real time; then in simulated time, all at once. */
  async #startAll(): Promise<void> {
    const { processes, strictCopies = false } = this.#options;
    const schema = worldSchema();
    const started: Promise<void>[] = [];
    this.#processes = Array.from({ length: processes }, (_, index) => {
      const name = `p${index}`;
      return new SimulatedProcess({
        ...{ name, schema, strictCopies, isCluster: this.#servers.isCluster },
        addresses: this.#servers.addresses.slice(0, 3),
        random: () => this.#random.below(1_000_000) / 1_000_000,
        loadRow: (id) => this.#load(`Row:${id}`, [id], ([version]) => ({ id, version })),
        world: {
          loadPage: (key, rows) => this.#load(key, rows, (versions) => ({ versions })),
          write: (row) => this.#commit(row),
        },
      });
    });
    for (const process of this.#processes) {
      const clients = this.#network.clients;
      this.#time.machine = process.name;
      started.push(process.start());
      while (this.#network.clients === clients) await realTurn();
    }
    let isStarted = false;
    const all = Promise.all(started).then(() => (isStarted = true));
    await this.#time.pass(this.#time.nowMs + ENDS_WITHIN_MS, () => isStarted);
    await all;
  }

  async #closeAll(): Promise<void> {
    let isClosed = false;
    const closing = this.#processes.map((process) => {
      this.#time.machine = process.name;
      return process.close().catch(() => undefined);
    });
    void Promise.all(closing).then(() => (isClosed = true));
    await this.#time.pass(this.#time.nowMs + ENDS_WITHIN_MS, () => isClosed);
  }

  async #until(isOver: () => boolean): Promise<void> {
    await this.#time.pass(Infinity, () => this.#isOver(isOver));
  }

  #isOver(isOver: () => boolean): boolean {
    return isOver() || this.#isFound();
  }

  #isFound(): boolean {
    const { endsEarly = true } = this.#options;
    return endsEarly && this.#violations.length + this.#loads.unexplained.length > 0;
  }

  #plan(process: SimulatedProcess): void {
    const { eachPerSecond, operations } = this.#options;
    const waitMs = (-Math.log(1 - this.#random.below(10_000) / 10_000) * 1000) / eachPerSecond;
    this.#time.after(waitMs, process.name, () => {
      if (this.#begun >= operations) return;
      this.#begun += 1;
      void this.#operate(process).then(() => (this.#ended += 1));
      this.#plan(process);
    });
  }

  async #operate(process: SimulatedProcess): Promise<void> {
    const isWrite = this.#random.below(10_000) < this.#options.writeShare * 10_000;
    const at = this.#pickRow();
    if (isWrite) return this.#write(process, at);
    if (this.#random.chance(0.7)) return this.#read(process, [at], { id: `${at}` });
    const page = Math.floor(at * PAGES_PER_ROW);
    const [a, b] = this.#rowsOfPage(page);
    return this.#read(process, [a, b], { id: `${page}`, a: `${a}`, b: `${b}` });
  }

  /** A few rows are asked for much, and most seldom. */
  #pickRow(): number {
    const { rows } = this.#options;
    const share = this.#random.below(1_000_000) / 1_000_000;
    return Math.floor(rows * share ** 3);
  }

  #rowsOfPage(page: number): [number, number] {
    const { rows } = this.#options;
    return [Math.floor(page / PAGES_PER_ROW) % rows, (page * 7 + 1) % rows];
  }

  async #read(
    process: SimulatedProcess,
    at: readonly number[],
    variables: Readonly<Record<string, string>>,
  ): Promise<void> {
    const rows = at.flatMap((index) => this.#rows[index] ?? []);
    const atLeast = rows.map(({ acknowledged }) => acknowledged);
    const sinceMs = this.#time.nowMs;
    this.#reads += 1;
    const answer = await process.ask(rows.length === 1 ? documents.row : documents.page, variables);
    const versions = versionsOf(answer);
    for (const [index, row] of rows.entries()) {
      const version = versions[index];
      const what = `${rows.length === 1 ? 'read' : `read Page:${variables['id']}`}, begun at ${sinceMs.toFixed(1)}:`;
      row.note({ atMs: this.#time.nowMs, machine: process.name, what, version });
      if (version === undefined) this.#failures += 1;
      else if (version < (atLeast[index] ?? 0)) {
        this.#violations.push(
          `${process.name} read version ${version} after ${atLeast[index]} had been acknowledged\n${row.told()}`,
        );
      }
    }
  }

  async #write(process: SimulatedProcess, at: number): Promise<void> {
    const row = this.#rows[at];
    if (row === undefined) return;
    this.#writes += 1;
    const isStored = this.#random.chance(0.5);
    const note = (what: string, version?: number): void =>
      row.note({ atMs: this.#time.nowMs, machine: process.name, what, version });
    row.underWay += 1;
    row.touchedAtMs = this.#time.nowMs;
    const answer = await process.ask(isStored ? documents.store : documents.change, { id: `${at}` });
    row.underWay -= 1;
    row.touchedAtMs = this.#time.nowMs;
    const [version] = versionsOf(answer);
    if (version === undefined) {
      this.#failures += 1;
      note(`could not write: ${answer.error}`);
    } else if (answer.isStrict) {
      this.#strictWrites += 1;
      row.acknowledged = Math.max(row.acknowledged, version);
      note(isStored ? 'stored, and acknowledged' : 'changed, and acknowledged', version);
    } else note('wrote, without knowing that it is invalidated', version);
  }

  async #commit(id: string): Promise<unknown> {
    await this.#atDatabase();
    const row = this.#rows[Number(id)];
    if (row === undefined) throw new Error('there is no such row');
    row.version += 1;
    const { version } = row;
    row.note({ atMs: this.#time.nowMs, machine: this.#time.machine, what: 'committed', version });
    await this.#atDatabase();
    return { id, version };
  }

  async #load(
    key: string,
    ids: readonly string[],
    made: (versions: readonly number[]) => unknown,
  ): Promise<unknown> {
    const rows = ids.flatMap((id) => this.#rows[Number(id)] ?? []);
    const sinceMs = this.#time.nowMs;
    const { machine } = this.#time;
    const end = this.#loads.begin(key, rows, sinceMs);
    await this.#atDatabase();
    const versions = rows.map(({ version }) => version);
    const atMs = this.#time.nowMs;
    for (const row of rows) row.note({ atMs, machine, what: `loaded for ${key}`, version: row.version });
    await this.#atDatabase();
    end();
    if (this.#time.nowMs - sinceMs > SLOW_MS) this.#loads.troubled(this.#time.nowMs);
    return made(versions);
  }

  #atDatabase(): Promise<void> {
    const { least, most } = LOAD_MS;
    const isSlow = this.#options.troublesPerSecond > 0 && this.#random.chance(0.002);
    const ms = isSlow ? this.#random.below(2000) : least + this.#random.below(most - least);
    if (isSlow) this.#loads.troubled(this.#time.nowMs, ms);
    return new Promise((resolve) => void setTimeout(resolve, ms));
  }

  #told(): readonly string[] {
    const { seed } = this.#options;
    return [...this.#violations, ...this.#loads.unexplained].map((words) => `seed ${seed}: ${words}`);
  }

  #counted(tookMs: number): Parameters<typeof figuresOf>[0] {
    return {
      ...{ tookMs, reads: this.#reads, writes: this.#writes, strictWrites: this.#strictWrites },
      ...{ failures: this.#failures, loads: this.#loads, servers: this.#servers, network: this.#network },
      ...{ time: this.#time, processes: this.#processes },
    };
  }
}

function versionsOf({ value }: Answer): readonly number[] {
  const found = Object(value);
  const version: unknown = Reflect.get(found, 'version');
  const versions: unknown = Reflect.get(found, 'versions');
  return (Array.isArray(versions) ? versions : [version]).filter((one) => typeof one === 'number');
}

const immediate = globalThis.setImmediate;

function realTurn(): Promise<void> {
  return new Promise((resolve) => void immediate(resolve));
}
