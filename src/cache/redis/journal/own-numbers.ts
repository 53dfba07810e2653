/** The numbers of this process's writes, as far as it knows them. */
export class OwnNumbers {
  /** Above it is no number of this process: neither one it was given, nor one it may still be given. */
  #highest = 0;
  #given = 0;

  /** The highest number that this process was given. */
  get given(): number {
    return this.#given;
  }

  /** A write was sent that may be given any number up to this one. */
  sent(deadlineUs: number): void {
    this.#highest = Math.max(this.#highest, deadlineUs);
  }

  /** The journal counts on from the highest number so far where the clock of the server goes back. */
  got(seq: number): void {
    this.#highest = Math.max(this.#highest, seq);
    this.#given = Math.max(this.#given, seq);
  }

  /** A number above all of them; the time of the server, where that may be above them too. */
  later(serverUs: number): number {
    this.#highest = Math.max(this.#highest + 1, serverUs);
    return this.#highest;
  }
}
