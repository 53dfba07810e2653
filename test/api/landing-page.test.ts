import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleOperations } from '../../src/http/example-operations.js';
import { needsChromium } from '../support/needs.js';
import { pageOfServer, startBrowser } from '../support/servers/browser.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

const sandboxScript = /embeddable-sandbox\.cdn\.apollographql\.com/;

describe.skipIf(!needsChromium())('a browser that opens /graphql', () => {
  let api: TestApi;
  let browser: Browser;
  beforeAll(async () => {
    api = await testApi();
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await api.close();
  });

  /** A page that reaches nothing but the API, and of Apollo's servers what `sandbox` says. */
  async function openPage(sandbox: 'offline' | 'hanging' | { body: string }) {
    const page = await browser.newPage();
    const elsewhere: string[] = [];
    await page.route('**/*', async (route) => {
      const url = route.request().url();
      if (url.startsWith(api.url) || url.startsWith('blob:')) return route.continue();
      elsewhere.push(url);
      if (sandbox === 'offline') return route.abort('internetdisconnected');
      if (sandbox === 'hanging') return undefined;
      return sandboxScript.test(url)
        ? route.fulfill({ contentType: 'text/javascript', body: sandbox.body })
        : route.abort('internetdisconnected');
    });
    return { page, elsewhere };
  }

  it('without network gets GraphiQL, which runs an operation and reaches nothing else', async () => {
    const { page, elsewhere } = await openPage('offline');
    await page.goto(`${api.url}/graphql`);
    await page.waitForURL(`${api.url}/graphiql`);
    elsewhere.length = 0;
    // The operation of the example asks for a film that the fixture does not have, with evidence.
    await page
      .getByRole('button', { name: /execute|run/i })
      .first()
      .click();
    const result = page.locator('.result-window, .graphiql-response').first();
    await expect.poll(() => result.innerText(), { timeout: 20_000 }).toContain('"Query.movie"');
    expect(elsewhere).toEqual([]);
    await page.close();
  });

  it('finds the example operations in tabs, and the answer of the first one, which ran by itself', async () => {
    const { page, elsewhere } = await pageOfServer(browser, api.url);
    await page.goto(`${api.url}/graphiql`);
    const result = page.locator('.result-window, .graphiql-response').first();
    await expect.poll(() => result.innerText(), { timeout: 20_000 }).toContain('"Query.movie"');
    const tabs = await page.getByRole('tab').allInnerTexts();
    const names = exampleOperations().map((text) => /(?:query|mutation) (\w+)/.exec(text)?.[1]);
    expect(tabs.map((tab) => tab.trim())).toEqual(names);
    expect(elsewhere).toEqual([]);
    // A person who comes again finds what they left, and nothing of it is run.
    let asked = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST' && !/IntrospectionQuery/.test(request.postData() ?? '')) asked += 1;
    });
    await page.reload();
    await page
      .getByRole('button', { name: /execute/i })
      .first()
      .waitFor();
    await expect.poll(() => page.getByRole('tab').count()).toBeGreaterThanOrEqual(names.length);
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    expect(asked).toBe(0);
    await page.close();
  });

  it('behind a network that swallows everything gets GraphiQL as well', async () => {
    const { page } = await openPage('hanging');
    await page.goto(`${api.url}/graphql`, { waitUntil: 'commit' });
    await page.waitForURL(`${api.url}/graphiql`, { waitUntil: 'commit', timeout: 20_000 });
    await page.close();
  });

  it('with network stays at the Sandbox, which is told where the API is', async () => {
    const body = `window.EmbeddedSandbox = class { constructor(options) { document.title = options.initialEndpoint; } };`;
    const { page } = await openPage({ body });
    await page.goto(`${api.url}/graphql`);
    await expect.poll(() => page.title()).toBe(`${api.url}/graphql`);
    expect(page.url()).toBe(`${api.url}/graphql`);
    await page.close();
  });
});
