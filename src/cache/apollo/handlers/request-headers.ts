import type { IncomingHttpHeaders } from 'node:http';

/** Headers of Node.js, asked as those of Apollo Server are: by a name in any case. */
export class NodeHeaders {
  readonly #headers: IncomingHttpHeaders;

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    const value = this.#headers[name] ?? this.#headers[name.toLowerCase()];
    return typeof value === 'object' ? value.join(', ') : value;
  }

  /** All of them, as plugins of Apollo Server expect to find them. */
  toMap(): HeaderNames {
    const all = new HeaderNames();
    for (const name of Object.keys(this.#headers)) {
      const value = this.get(name);
      if (value !== undefined) all.set(name, value);
    }
    return all;
  }
}

/** Does what `HeaderMap` of Apollo Server does, which this package does not depend on: names are in lower case. */
export class HeaderNames extends Map<string, string> {
  override set(name: string, value: string): this {
    return super.set(name.toLowerCase(), value);
  }

  override get(name: string): string | undefined {
    return super.get(name.toLowerCase());
  }

  override has(name: string): boolean {
    return super.has(name.toLowerCase());
  }

  override delete(name: string): boolean {
    return super.delete(name.toLowerCase());
  }
}
