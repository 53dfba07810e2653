interface Waiting<Item, Answer> {
  readonly items: readonly Item[];
  readonly weight: number;
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Answers in the order of the items; an error in the place of one fails those alone who asked for it. */
type Send<Item, Answer> = (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>;

/** What may be under way at the same time; who asks for more at once gets it sent together all the same. */
const MOST_UNDER_WAY = 250;

/**
 * Sends what no request waits for, at once while little is under way, all together that the code which runs now asks for; the rest
 * waits here for its turn, and goes together. Ten thousand fills of one moment would wait in the connection behind each other, for
 * longer than an answer may take.
 */
export class InTurn<Item, Answer> {
  readonly #send: Send<Item, Answer>;
  readonly #weigh: (item: Item) => number;
  readonly #waiting: Waiting<Item, Answer>[] = [];
  #underWay = 0;

  /** `weigh`: for how many small items one counts; default 1. */
  constructor(send: Send<Item, Answer>, weigh: (item: Item) => number = () => 1) {
    this.#send = send;
    this.#weigh = weigh;
  }

  ask(items: readonly Item[]): Promise<readonly Answer[]> {
    if (items.length === 0) return Promise.resolve([]);
    const weight = items.reduce((sum, item) => sum + this.#weigh(item), 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, weight, resolve, reject });
      // One load brings many, each of which is asked for by itself. What is asked for beside them may be sent before.
      if (this.#waiting.length === 1) queueMicrotask(() => this.sendNow());
    });
  }

  /** Sends what waits, as far as there is room, before the code that runs now has ended: before the connection is closed, say. */
  sendNow(): void {
    const batch = this.#takeNext();
    if (batch.length === 0) return;
    const items = batch.flatMap((one) => one.items);
    const weight = batch.reduce((sum, one) => sum + one.weight, 0);
    this.#underWay += weight;
    const sent = (async () => this.#send(items))();
    sent
      .then(
        (answers) => {
          let start = 0;
          for (const { items: own, resolve, reject } of batch) {
            const ownAnswers = answers.slice(start, (start += own.length));
            const error = ownAnswers.find((answer) => answer instanceof Error);
            if (error !== undefined) reject(error);
            else resolve(ownAnswers.filter((answer): answer is Answer => !(answer instanceof Error)));
          }
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error);
        },
      )
      .finally(() => {
        this.#underWay -= weight;
        // Not one for each one that is answered: what goes together costs less.
        if (this.#underWay <= MOST_UNDER_WAY / 2) this.sendNow();
      });
  }

  /** As many of those that wait as there is room for. */
  #takeNext(): readonly Waiting<Item, Answer>[] {
    let [count, room] = [0, MOST_UNDER_WAY - this.#underWay];
    for (const { weight } of this.#waiting) {
      if (weight > room && !(count === 0 && this.#underWay === 0)) break;
      room -= weight;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
