import type { Cluster, Redis } from 'ioredis';
import { systemClock, type CallOff } from '../../time/clock.js';
import { LoopTime } from '../../time/loop-time.js';
import { within } from '../../time/within.js';
import { askOnce } from '../connection/ask-once.js';
import { classOf } from '../connection/error-class.js';
import { refusalOf, refused } from '../connection/refusal.js';
import type { Timeouts } from '../connection/server-connection.js';
import { addressOf } from '../connection/server-info.js';
import { startAddresses, templatesOf, type TemplateFor } from './cluster-client.js';
import { ClusterNode, nameOfNode, type Look, type NodeUser } from './cluster-node.js';
import { odditiesOf } from './cluster-oddities.js';
import { asksAt, redirectOf } from './redirect.js';
import { SLOTS } from './slots.js';
import { readOwners, sameAddress, type Address, type Owner } from './topology.js';

export interface NodesOptions extends NodeUser {
  /** What the log says where no node answers. */
  readonly saysNone: string;
  /** What it says of slots that no node owns. */
  readonly saysUncovered: string;
  /** Where wake-ups come from, by the id of a node. */
  readonly channel?: { of(id: string): string; onMessage(key: string): void };
  /** Told of slots that are another node's now: what is stored there may have missed what was said before. */
  readonly onMoved: (slots: readonly number[]) => void;
  /** Called after each look. Must not reject. */
  readonly onLook?: () => Promise<void>;
}

/** What became of one item. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly error: unknown };

export interface KeyInSlot {
  readonly slot: number;
  readonly key: string;
}

/** Sends what belongs to one node: an outcome for each item, in their order. */
type Send<Item, Answer> = (
  redis: Redis,
  items: readonly Item[],
  node: ClusterNode,
) => Promise<readonly Outcome<Answer>[]>;

/** Ways to ask a node: see `ClusterNode`. */
export type Way = 'run' | 'runUnlessLate' | 'runPromptly' | 'runSlowly' | 'runWhileRejoining';

const NOT_OPENED = new Error('the cluster was not opened');

export interface Spreading<Item, Answer> {
  readonly slotOf: (item: Item) => number;
  readonly send: Send<Item, Answer>;
  /** How each node is asked; default `run`. */
  readonly way?: Way;
}

/** Milliseconds between two looks at the nodes. */
const LOOK_MS = 250;
/** So long a look waits for a node, milliseconds of turning event loop: two looks take less than the time for which a node is believed. */
const LOOK_WITHIN_MS = 300;
const LOOK_BEAT_MS = 25;
/** Nodes that are asked in each look who owns the slots: in turn. */
const ASKED_IN_A_LOOK = 2;
/** From so many primaries on a cluster can replace one of them by itself. */
const REPLACES_FROM = 3;
/** What was sent to a node that no longer owns the slot is sent again so often. */
const FOLLOWED = 3;
/** A node that refuses this process is tried anew after so long, milliseconds. */
const REFUSED_MS = 5000;
/** A node that owns nothing, and that no deletion was sent to for so long, is left, milliseconds. */
const IDLE_MS = 10_000;

interface Guest {
  readonly node: ClusterNode;
  readonly opening: Promise<void>;
  isOpen: boolean;
  usedAtMs: number;
}

/** What is said once of each place; of more, some again. */
const COMPLAINTS = 100;

/**
 * The primaries of a cluster, each with a connection and a breaker of its own, and which of them owns which slot. They are
 * looked at some times a second: what is sent goes to the owner of its slot, and only while another node confirms that.
 */
export class ClusterNodes {
  readonly #cluster: Cluster;
  readonly #timeouts: Timeouts;
  #options: NodesOptions | undefined;
  /** What an item gets whose slot has no owner that may be asked. */
  #away: { readonly error: Error } = { error: NOT_OPENED };
  #templateFor: TemplateFor | undefined;
  readonly #nodes = new Map<string, ClusterNode>();
  /** Nodes that own nothing yet, and were named as those that a slot moves to. */
  readonly #guests = new Map<string, Guest>();
  #owners: (ClusterNode | undefined)[] = [];
  /** What these were made of, and how many slots have none. */
  #adopted = '';
  #uncovered = 0;
  /** The names of those that owned the slots last. */
  readonly #lastOwners: (string | undefined)[] = [];
  #looking: Promise<void> | undefined;
  /** The names of nodes that the last look has left out. */
  readonly #leftOut = new Set<string>();
  #turn = 0;
  readonly #complaints = new Set<string>();
  #callOff: CallOff | undefined;
  #isClosed = false;
  /** Nodes that have not answered the latest look in time. */
  readonly #late = new WeakSet<ClusterNode>();
  /** A process that stood still has not read what they have answered. */
  readonly #loopTime = new LoopTime(LOOK_BEAT_MS);

  constructor(cluster: Cluster, timeouts: Timeouts) {
    this.#cluster = cluster;
    this.#timeouts = timeouts;
  }

  get all(): readonly ClusterNode[] {
    return [...this.#nodes.values()];
  }

  /** True where no node can be asked. */
  get isAway(): boolean {
    return this.all.every((node) => node.isAway);
  }

  /** True where a slot has no owner, or one that is away or not believed: what is to be ended there has to wait. */
  get isPartlyAway(): boolean {
    return this.#uncovered > 0 || this.all.some((node) => !node.isBelieved);
  }

  ownerOf(slot: number): ClusterNode | undefined {
    return this.#owners[slot];
  }

  /** Finds the nodes. Without any that answers it goes on looking. @throws CacheError where they cannot be used. */
  async open(options: NodesOptions): Promise<void> {
    this.#options = options;
    try {
      await this.#open(options);
    } catch (error) {
      // One that is refused keeps the others from being used, and their connections would keep the process alive.
      this.close();
      throw error;
    }
  }

  async #open(options: NodesOptions): Promise<void> {
    this.#away = { error: options.purpose.refusal('that owns the slot is away') };
    this.#templateFor = await templatesOf(this.#cluster);
    const owners = await this.#discover();
    if (owners === undefined) {
      options.log.warn({ server: options.purpose.name, where: this.#where }, options.saysNone);
    } else {
      await this.#adopt(owners, 'at the start');
      await this.look();
    }
    this.#lookLater();
  }

  /** Looks at the nodes; those who come while that is under way share it. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce()
      // The next one is a moment away; until a node is confirmed it is not used.
      .catch((error: unknown) => this.#complain(error, this.#where))
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Sends each item to the owner of its slot, what belongs to one node together, and again where the slot has moved. */
  async spread<Item, Answer>(
    items: readonly Item[],
    spreading: Spreading<Item, Answer>,
  ): Promise<readonly Outcome<Answer>[]> {
    const outcomes = [...(await this.#send(items, spreading))];
    for (let round = 0; round < FOLLOWED; round += 1) {
      const moved = outcomes.flatMap((outcome, index) => (hasMoved(outcome) ? [index] : []));
      if (moved.length === 0) break;
      // One that is under way may have begun before the move.
      if (this.#looking !== undefined) await this.#lookForAWhile();
      await this.#lookForAWhile();
      const again = picked(items, moved);
      const followed = await this.#send(again, spreading);
      moved.forEach((index, place) => (outcomes[index] = followed[place] ?? this.#away));
    }
    return outcomes;
  }

  /**
   * Deletes keys, each wherever it is now, on its way to another node as well. An outcome for each, in their order: an error
   * where it may still be there.
   */
  async delete(keys: readonly KeyInSlot[]): Promise<readonly Outcome<unknown>[]> {
    const outcomes = await this.spread(keys, {
      slotOf: ({ slot }) => slot,
      send: (redis, part) => Promise.all(part.map(({ key }) => settled(redis.del(key)))),
    });
    const followed = outcomes.map(async (outcome, index) =>
      'error' in outcome ? this.#deleteOnItsWay(keys[index], outcome.error) : outcome,
    );
    return Promise.all(followed);
  }

  close(): void {
    this.#isClosed = true;
    this.#loopTime.end();
    this.#callOff?.();
    for (const node of this.#nodes.values()) node.close();
    for (const { node } of this.#guests.values()) node.close();
  }

  /** Never rejects. */
  async #deleteOnItsWay(asked: KeyInSlot | undefined, error: unknown): Promise<Outcome<unknown>> {
    const owner = asked && this.ownerOf(asked.slot)?.address;
    const to = asksAt(error, owner);
    if (asked === undefined || to === undefined) return { error };
    const { key } = asked;
    const target = this.#nodeAt(to);
    return settled(target.then((node) => node.run((redis) => Promise.all([redis.asking(), redis.del(key)]))));
  }

  /** A look that takes longer than a command may is not waited for: what it finds is used later. */
  async #lookForAWhile(): Promise<void> {
    const looking = this.look();
    // Without any node it looks for them at all that were named, one after another.
    if (this.#nodes.size === 0) return;
    const { commandTimeoutMs: ms } = this.#timeouts;
    await within(systemClock, { work: looking, ms, onLate: () => undefined });
  }

  get #where(): string {
    const addresses = startAddresses(this.#cluster).map(({ host, port }) => `${host}:${port}`);
    return `Redis Cluster of ${addresses.join(', ')}`;
  }

  async #send<Item, Answer>(
    items: readonly Item[],
    { slotOf, send, way = 'run' }: Spreading<Item, Answer>,
  ): Promise<readonly Outcome<Answer>[]> {
    const isThere = (node: ClusterNode): boolean =>
      !node.isAway || (way === 'runWhileRejoining' && node.answersAgain);
    const isDoubted = items.some((item) => {
      const node = this.ownerOf(slotOf(item));
      return node === undefined || (isThere(node) && !node.isConfirmed);
    });
    // This process stood still, or a slot has no owner.
    if (isDoubted) await this.#lookForAWhile();
    const away = this.#away;
    const parts = new Map<ClusterNode, number[]>();
    const outcomes: Outcome<Answer>[] = items.map((item, index) => {
      const node = this.ownerOf(slotOf(item));
      if (node?.isConfirmed !== true || !isThere(node)) return away;
      const part = parts.get(node);
      if (part === undefined) parts.set(node, [index]);
      else part.push(index);
      return away;
    });
    await Promise.all(
      Array.from(parts, async ([node, indexes]) => {
        const answers = await sendPart(node, picked(items, indexes), { send, way });
        indexes.forEach((index, place) => (outcomes[index] = answers[place] ?? away));
      }),
    );
    return outcomes;
  }

  /** Asks the nodes that were named at first, in turn, whom they know. Undefined where none answers. */
  async #discover(): Promise<readonly Owner[] | undefined> {
    const { purpose } = this.#opened;
    let refusal: Error | undefined;
    for (const address of startAddresses(this.#cluster)) {
      const template = this.#template(address);
      try {
        const ask = (redis: Redis): Promise<unknown> => redis.cluster('SLOTS');
        const owners = readOwners(await askOnce(template, this.#timeouts.connectTimeoutMs, ask), address);
        if (owners.length > 0) return owners;
      } catch (error) {
        const where = addressOf(template.options);
        refusal ??= /cluster support disabled/i.test(String(error))
          ? refused(`${where} is part of no cluster; pass new Redis(url) in the place of a Cluster`, {
              ...purpose,
              where,
            })
          : refusalOf(error, { ...purpose, where });
      }
    }
    if (refusal !== undefined) throw refusal;
    return undefined;
  }

  async #lookOnce(): Promise<void> {
    this.#leaveIdleGuests();
    const startedAtMs = performance.now();
    const nodes = this.all;
    // What this process alone was cut off from is whole: its nodes are confirmed by each other while they are rejoined.
    const answering = nodes.filter((node) => !node.isAway || node.answersAgain);
    const asked = this.#inTurn(answering.filter((node) => !this.#late.has(node)));
    const seen = await Promise.all(
      nodes.map(async (node) => ({ node, look: await this.#lookAt(node, asked.includes(node)) })),
    );
    if (this.#isClosed) return;
    const views = seen.flatMap(({ node, look }) =>
      look?.owners === undefined || look.owners.length === 0 || !look.isWhole
        ? []
        : [{ node, owners: look.owners }],
    );
    // What refuses this process while it runs is told by its own connection.
    const owners = views.at(-1)?.owners ?? (await this.#discover().catch(() => undefined));
    if (owners !== undefined) {
      await this.#adopt(owners, 'later');
      const uncovered = { slots: this.#uncovered, says: this.#opened.saysUncovered };
      for (const words of odditiesOf(uncovered, this.all)) this.#complain(new Error(words), this.#where);
    }
    for (const { node, look } of seen) {
      if (look?.isSame !== true) continue;
      // A node that slept through its replacement still says that it owns its slots: another one must say so.
      const others = views.filter((view) => view.node !== node);
      const witnesses = others.length === 0 && nodes.length < REPLACES_FROM ? views : others;
      const isOwner = witnesses.every((view) => view.owners.some((owner) => node.is(owner)));
      if (witnesses.length > 0 && isOwner) node.confirm(startedAtMs);
      else
        this.#tellOtherNames(
          node,
          witnesses.flatMap((view) => view.owners),
        );
    }
  }

  /** One that hangs, and is not known to be away yet, must not keep the others from being confirmed. */
  #lookAt(node: ClusterNode, asksOwners: boolean): Promise<Look | undefined> {
    const work = node.look(asksOwners).finally(() => this.#late.delete(node));
    const onLate = (): undefined => void this.#late.add(node);
    return within(this.#loopTime, { work, ms: LOOK_WITHIN_MS, onLate });
  }

  #tellOtherNames(node: ClusterNode, owners: readonly Owner[]): void {
    const other = owners.find((owner) => owner.id === node.id && !node.is(owner));
    if (other === undefined) return;
    const { host, port } = node.address;
    const words = `another node of the cluster names it ${other.host}:${other.port}; until all give it one name it is not used`;
    this.#complain(new Error(words), `${host}:${port}`);
  }

  #inTurn(nodes: readonly ClusterNode[]): readonly ClusterNode[] {
    this.#turn += 1;
    return Array.from({ length: Math.min(ASKED_IN_A_LOOK, nodes.length) }, (_, index) =>
      nodes.at((this.#turn + index) % nodes.length),
    ).filter((node) => node !== undefined);
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#callOff = systemClock.after(LOOK_MS, () => {
      void this.look()
        .then(() => this.#options?.onLook?.())
        .then(() => this.#lookLater());
    });
  }

  /** Goes on with these owners: nodes that own nothing any more, as two looks have found, are left. */
  async #adopt(owners: readonly Owner[], when: 'at the start' | 'later'): Promise<void> {
    if (this.#isClosed || this.#hasAdopted(owners)) return;
    const table: (ClusterNode | undefined)[] = Array.from({ length: SLOTS });
    const opened: ClusterNode[] = [];
    const kept = new Set<string>();
    for (const owner of owners) {
      const name = nameOfNode(owner);
      let node = this.#nodes.get(name);
      if (node === undefined) {
        node = when === 'at the start' ? this.#makeNode(owner) : this.#makeNodeIfPossible(owner);
        if (node === undefined) continue;
        this.#nodes.set(name, node);
        opened.push(node);
      }
      node.owns(owner.ranges);
      kept.add(name);
      for (const [from, to] of owner.ranges) table.fill(node, from, to + 1);
    }
    for (const [name, node] of this.#nodes) {
      if (kept.has(name)) this.#leftOut.delete(name);
      if (kept.has(name)) continue;
      // For a moment one node may not have heard yet what another knows.
      if (!this.#leftOut.delete(name)) {
        this.#leftOut.add(name);
        continue;
      }
      this.#nodes.delete(name);
      node.close();
    }
    this.#owners = table;
    this.#adopted = JSON.stringify(owners);
    this.#uncovered = table.filter((node) => node === undefined).length;
    const moved: number[] = [];
    for (const [slot, node] of table.entries()) if (this.#hasMoved(slot, node)) moved.push(slot);
    if (moved.length > 0) this.#options?.onMoved(moved);
    if (when === 'at the start') await Promise.all(opened.map((node) => node.open(false)));
    else for (const node of opened) void this.#openLater(node);
  }

  /** Nearly every look finds what the one before has found. */
  #hasAdopted(owners: readonly Owner[]): boolean {
    const isKnown =
      owners.length === this.#nodes.size && owners.every((one) => this.#nodes.has(nameOfNode(one)));
    return isKnown && this.#adopted === JSON.stringify(owners);
  }

  /**
   * A slot that comes back to a node finds the history there that it left, and the epoch comes along: what was ended in between,
   * by a node that a replica has replaced since, would count again.
   */
  #hasMoved(slot: number, node: ClusterNode | undefined): boolean {
    if (node === undefined) return false;
    const before = this.#lastOwners[slot];
    this.#lastOwners[slot] = node.name;
    return before !== undefined && before !== node.name;
  }

  /** What a function of the application throws for one node is no reason to do without the others. */
  #makeNodeIfPossible(owner: Owner): ClusterNode | undefined {
    try {
      return this.#makeNode(owner);
    } catch (error) {
      this.#complain(error, `${owner.host}:${owner.port}`);
      return undefined;
    }
  }

  /** Says once of a place what is wrong there. */
  #complain(error: unknown, where: string): void {
    const words = error instanceof Error ? error.message : String(error);
    const complaint = `${where} ${words}`;
    if (this.#complaints.has(complaint)) return;
    if (this.#complaints.size >= COMPLAINTS) this.#complaints.clear();
    this.#complaints.add(complaint);
    this.#options?.log.error({ server: this.#options.purpose.name, where }, words);
  }

  /** Never rejects. */
  async #openLater(node: ClusterNode): Promise<void> {
    try {
      // What it has is used, also where it is too weak to be given more: it may have taken over.
      await node.open(true);
      // It is used from the first look on that confirms it.
      await this.look();
    } catch (error) {
      const { host, port } = node.address;
      this.#complain(error, `${host}:${port}`);
      systemClock.after(REFUSED_MS, () => {
        if (this.#nodes.get(node.name) === node) this.#nodes.delete(node.name);
      });
    }
  }

  async #nodeAt(to: Address): Promise<ClusterNode> {
    const known = [...this.#nodes.values()].find((node) => sameAddress(node.address, to));
    if (known !== undefined) return known;
    const name = `${to.host}:${to.port}`;
    if (this.#isClosed) throw this.#away.error;
    let guest = this.#guests.get(name);
    if (guest === undefined || (guest.isOpen && guest.node.isAway)) {
      guest?.node.close();
      const node = this.#makeNode({ id: name, ...to, ranges: [] });
      const made: Guest = { node, opening: node.open(true), isOpen: false, usedAtMs: 0 };
      this.#guests.set(name, made);
      const opened = (): void => void (made.isOpen = true);
      made.opening.then(opened, opened);
      guest = made;
    }
    guest.usedAtMs = performance.now();
    await guest.opening;
    return guest.node;
  }

  #leaveIdleGuests(): void {
    for (const [name, { node, usedAtMs }] of this.#guests) {
      if (performance.now() - usedAtMs < IDLE_MS) continue;
      this.#guests.delete(name);
      node.close();
    }
  }

  #makeNode(owner: Owner): ClusterNode {
    const { channel, ...options } = this.#opened;
    return new ClusterNode(owner, {
      ...options,
      ...{ template: this.#template(owner), timeouts: this.#timeouts },
      channel: channel && { name: channel.of(owner.id), onMessage: (key) => channel.onMessage(key) },
    });
  }

  get #opened(): NodesOptions {
    if (this.#options === undefined) throw NOT_OPENED;
    return this.#options;
  }

  #template({ host, port }: Address): Redis {
    if (this.#templateFor === undefined) throw NOT_OPENED;
    return this.#templateFor({ host, port });
  }
}

/** The outcome of one command. Never rejects. */
export function settled<Answer>(sent: Promise<Answer>): Promise<Outcome<Answer>> {
  return sent.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
}

/** The answers of all. @throws Error what the first of those without one has failed with. */
export function answersOf<Answer>(outcomes: readonly Outcome<Answer>[]): Answer[] {
  return outcomes.map((outcome) => {
    if ('error' in outcome) throw outcome.error;
    return outcome.answer;
  });
}

/** The outcomes, where a node has answered. @throws Error what the first has failed with, where none has. */
export function unlessAllFailed<Answer>(outcomes: readonly Outcome<Answer>[]): readonly Outcome<Answer>[] {
  const [first] = outcomes;
  if (first !== undefined && outcomes.every(hasNoAnswer)) answersOf([first]);
  return outcomes;
}

async function sendPart<Item, Answer>(
  node: ClusterNode,
  part: readonly Item[],
  { send, way }: { readonly send: Send<Item, Answer>; readonly way: Way },
): Promise<readonly Outcome<Answer>[]> {
  try {
    return await node[way](async (redis) => {
      const outcomes = await send(redis, part, node);
      // What one slot is refused with is no outage; what says that the whole node is away is one.
      for (const outcome of outcomes) if (saysAway(outcome)) answersOf([outcome]);
      return outcomes;
    });
  } catch (error) {
    return part.map(() => ({ error }));
  }
}

function picked<Item>(items: readonly Item[], indexes: readonly number[]): readonly Item[] {
  return indexes.flatMap((index) => items.slice(index, index + 1));
}

function hasNoAnswer(outcome: Outcome<unknown>): boolean {
  return 'error' in outcome && redirectOf(outcome.error) === undefined;
}

function saysAway(outcome: Outcome<unknown>): boolean {
  return 'error' in outcome && redirectOf(outcome.error) === undefined && classOf(outcome.error) === 'away';
}

function hasMoved(outcome: Outcome<unknown>): boolean {
  return 'error' in outcome && redirectOf(outcome.error)?.kind === 'moved';
}
