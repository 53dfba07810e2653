import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findBinary } from '../run/find-binary.js';

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium without a window. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findBinary('chromium') ?? '', args: quiet });
}

export interface WatchedPage {
  readonly page: Page;
  /** URLs of other places that were asked for, in vain. */
  readonly elsewhere: string[];
  /** What the console said of errors, and what was thrown. */
  readonly faults: string[];
}

/** A page that reaches nothing but this server. */
export async function pageOfServer(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const page = await browser.newPage(options);
  const elsewhere: string[] = [];
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.route('**/*', async (route) => {
    const asked = route.request().url();
    if (asked.startsWith(url) || asked.startsWith('blob:')) return route.continue();
    elsewhere.push(asked);
    return route.abort('internetdisconnected');
  });
  return { page, elsewhere, faults };
}
