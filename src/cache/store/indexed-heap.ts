interface Node {
  readonly key: string;
  priority: number;
}

/** A binary min-heap whose priorities can be changed by key, in O(log n). */
export class IndexedHeap {
  readonly #nodes: Node[] = [];
  readonly #positions = new Map<string, number>();

  smallest(): string | undefined {
    return this.#nodes[0]?.key;
  }

  priorityOf(key: string): number | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#nodes[position]?.priority;
  }

  /** Adds the key, or moves it to its new priority. */
  set(key: string, priority: number): void {
    const position = this.#positions.get(key) ?? this.#nodes.length;
    const node = this.#nodes[position] ?? { key, priority };
    node.priority = priority;
    this.#place(node, position);
    this.#restore(position);
  }

  delete(key: string): void {
    const position = this.#positions.get(key);
    if (position === undefined) return;
    this.#positions.delete(key);
    const last = this.#nodes.pop();
    if (last === undefined || position === this.#nodes.length) return;
    this.#place(last, position);
    this.#restore(position);
  }

  #restore(position: number): void {
    this.#sink(this.#rise(position));
  }

  #rise(start: number): number {
    let position = start;
    while (position > 0) {
      const above = (position - 1) >> 1;
      if (!this.#swapIfSmaller(position, above)) break;
      position = above;
    }
    return position;
  }

  #sink(start: number): void {
    for (let position = start; ;) {
      const left = position * 2 + 1;
      const right = left + 1;
      const child = this.#priorityAt(right) < this.#priorityAt(left) ? right : left;
      if (!this.#swapIfSmaller(child, position)) return;
      position = child;
    }
  }

  #priorityAt(position: number): number {
    return this.#nodes[position]?.priority ?? Infinity;
  }

  #swapIfSmaller(position: number, above: number): boolean {
    const low = this.#nodes[position];
    const high = this.#nodes[above];
    if (low === undefined || high === undefined || low.priority >= high.priority) return false;
    this.#place(low, above);
    this.#place(high, position);
    return true;
  }

  #place(node: Node, position: number): void {
    this.#nodes[position] = node;
    this.#positions.set(node.key, position);
  }
}
