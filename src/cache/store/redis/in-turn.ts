interface Waiting<Item, Answer> {
  readonly items: readonly Item[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Items that are under way at the same time; who asks for more at once gets them sent together all the same. */
const ITEMS_UNDER_WAY = 250;

/**
 * Sends what nobody waits for, at once while little is under way; the rest waits here for its turn, and goes together. Ten
 * thousand fills of one moment would wait in the connection behind each other, for longer than an answer may take.
 */
export class InTurn<Item, Answer> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #waiting: Waiting<Item, Answer>[] = [];
  #underWay = 0;

  constructor(send: (items: readonly Item[]) => Promise<readonly Answer[]>) {
    this.#send = send;
  }

  ask(items: readonly Item[]): Promise<readonly Answer[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      if (this.#waiting.length === 1) this.#sendNext();
    });
  }

  #sendNext(): void {
    const batch = this.#takeNext();
    const items = batch.flatMap((one) => one.items);
    if (batch.length === 0) return;
    this.#underWay += items.length;
    this.#send(items)
      .then(
        (answers) => {
          let start = 0;
          for (const one of batch) one.resolve(answers.slice(start, (start += one.items.length)));
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error);
        },
      )
      .finally(() => {
        this.#underWay -= items.length;
        // Not one for each one that is answered: what goes together costs less.
        if (this.#underWay <= ITEMS_UNDER_WAY / 2) this.#sendNext();
      });
  }

  /** As many of those that wait as there is room for. */
  #takeNext(): readonly Waiting<Item, Answer>[] {
    let [count, room] = [0, ITEMS_UNDER_WAY - this.#underWay];
    for (const { items } of this.#waiting) {
      if (items.length > room && !(count === 0 && this.#underWay === 0)) break;
      room -= items.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
