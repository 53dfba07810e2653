import { EventSource } from 'eventsource';
import type { FiguresEvent, PastEvent, SentenceEvent } from '../messages.js';

/**
 * The way to the server. A token is kept here and nowhere else: neither in a URL, where logs would have it, nor in a cookie, which the
 * browser would send for pages of other sites too, nor in what the browser stores. It is gone when the page is.
 */
let token: string | undefined;

export function keepToken(given: string | undefined): void {
  token = given;
}

export function hasToken(): boolean {
  return token !== undefined;
}

/** What the server says to a request that it did not do, as a sentence. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const response = await fetch(path, { ...init, headers, credentials: 'same-origin' });
  if (!response.ok) throw new Refusal(response.status, await sentenceOf(response));
  return response;
}

async function sentenceOf(response: Response): Promise<string> {
  try {
    const body: Partial<SentenceEvent> = await response.json();
    if (typeof body.message === 'string') return body.message;
  } catch {
    // A proxy in between answers with a page of its own.
  }
  return `The server answered with ${response.status} ${response.statusText}.`;
}

export async function ask<Reply>(path: string): Promise<Reply> {
  const response = await call(path);
  return response.json();
}

export async function change<Reply>(path: string, body: object): Promise<Reply> {
  const headers = { 'content-type': 'application/json' };
  const response = await call(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json();
}

export interface FiguresListener {
  readonly onPast: (past: PastEvent) => void;
  readonly onFigures: (figures: FiguresEvent) => void;
  /** There are none this time, or the connection is lost and is made again. */
  readonly onTrouble: (message: string) => void;
  /** They are not sent to this person. */
  readonly onRefused: (message: string) => void;
}

/** Has figures sent until it is called off. */
export function listenForFigures(listener: FiguresListener): () => void {
  let refusal: Refusal | undefined;
  const source = new EventSource('figures', {
    // The browser's own sends no headers, and a token must not stand in the URL.
    fetch: async (_url, { headers, signal }) => {
      refusal = undefined;
      try {
        return await call('figures', { headers, signal: signal ?? null, cache: 'no-store' });
      } catch (error) {
        if (error instanceof Refusal) refusal = error;
        throw error;
      }
    },
  });
  const on = <Data>(name: string, act: (data: Data) => void): void => {
    source.addEventListener(name, ({ data }: MessageEvent<string>) => act(JSON.parse(data)));
  };
  const refuse = (message: string): void => {
    source.close();
    listener.onRefused(message);
  };
  on('past', listener.onPast);
  on('figures', listener.onFigures);
  on<SentenceEvent>('trouble', ({ message }) => listener.onTrouble(message));
  on<SentenceEvent>('refused', ({ message }) => refuse(message));
  source.addEventListener('error', () => {
    if (refusal?.status === 401 || refusal?.status === 403) refuse(refusal.message);
    else listener.onTrouble(refusal?.message ?? 'The connection is lost; it is being made again.');
  });
  return () => source.close();
}
