import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../src/start/package-root.js';
import { needsChromium } from '../support/needs.js';
import { pageOfServer, startBrowser, type WatchedPage } from '../support/servers/browser.js';
import { fixturePassword } from '../support/worlds/film-fixture.js';
import { flushed } from '../support/worlds/flushed.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';
import { expectTime } from '../support/run/expect-time.js';

const eventually = (look: () => unknown) => expect.poll(look, { timeout: 15_000, interval: 50 });
const film = (id: number): string =>
  `{ movie(id: ${id}) { title director { name } ratingSummary { average } } }`;

/** What axe finds that keeps people from using the page, by its rule. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const run: unknown = Reflect.get(Reflect.get(globalThis, 'axe'), 'run');
    if (typeof run !== 'function') throw new Error('axe is not there');
    const found: { violations: { id: string; impact: string; nodes: { html: string }[] }[] } = await run();
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

/** The value beside a name at the top of the page. */
const tile = (page: Page, name: string): Promise<string> =>
  page.locator('.tile', { hasText: name }).locator('.value').innerText();

/** Kept where `SCREENSHOTS` names a folder. */
async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({
    path: path.join(path.resolve(packageRoot, folder), `${name}.png`),
    fullPage: true,
  });
}

describe.skipIf(!needsChromium())('a browser that opens /cache', () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await startBrowser()));
  afterAll(() => browser.close());

  const opened = async (
    api: TestApi,
    options: Parameters<typeof pageOfServer>[2] = {},
  ): Promise<WatchedPage> => {
    const watched = await pageOfServer(browser, api.url, options);
    onTestFinished(() => watched.page.close());
    await watched.page.goto(`${api.url}/cache`);
    return watched;
  };

  describe('in development', () => {
    let api: TestApi;
    beforeAll(async () => void (api = await testApi()));
    afterAll(() => api.close());

    const reads = async (count: number): Promise<void> => {
      for (let read = 0; read < count; read += 1) await api.ask(film(1 + (read % 3)));
    };

    it('sees charts and figures that move while load runs, without the network', async () => {
      const { page, elsewhere, faults } = await opened(api);
      await eventually(() => page.locator('.connection').innerText()).toBe('Live');
      const chart = page.getByRole('img', { name: /^Hit rate\./ });
      const drawn = (): Promise<string> =>
        chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      await reads(30);
      await eventually(() => chart.getAttribute('aria-label')).toMatch(/Hit rate: now [1-9]/);
      const before = [await drawn(), await tile(page, 'Loads avoided')];
      await reads(200);
      await eventually(async () => (await drawn()) !== before[0]).toBe(true);
      await eventually(async () => (await tile(page, 'Loads avoided')) !== before[1]).toBe(true);
      await eventually(() => tile(page, 'Hit rate')).toMatch(/^9\d/);
      const traffic = page.locator('.chart', { hasText: 'Traffic' });
      await traffic.getByText('As a table').click();
      await eventually(() => traffic.getByRole('row').count()).toBeGreaterThan(1);
      expect([elsewhere, faults]).toEqual([[], []]);
    });

    it('sorts and filters fields with the keyboard', async () => {
      await reads(6);
      const { page } = await opened(api);
      const first = () => page.locator('.fields tbody th code').first().innerText();
      const column = page.getByRole('columnheader', { name: 'Field' });
      await column.getByRole('button').press('Enter');
      await eventually(first).toBe('Movie.director');
      expect(await column.getAttribute('aria-sort')).toBe('ascending');
      await column.getByRole('button').press('Enter');
      await eventually(first).toBe('User.ratings');
      await page.getByRole('searchbox').fill('prefetch');
      await eventually(() => page.locator('.fields tbody tr').count()).toBe(2);
    });

    it('asks before it purges a tag, and twice before it purges everything', async () => {
      const { page, faults } = await opened(api);
      const state = async (): Promise<string | undefined> => {
        const entry = await api.cache.tools.inspect('Movie:1');
        return entry?.state;
      };
      await reads(3);
      expect(await state()).toBe('fresh');
      const tags = page.getByLabel('Tags');
      const purge = page.getByRole('button', { name: 'Purge…' });
      await tags.fill('Movie:1');
      await purge.click();
      await page
        .getByRole('dialog', { name: 'Purge this tag?' })
        .getByRole('button', { name: 'Cancel' })
        .click();
      expect(await state()).toBe('fresh');
      await purge.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
      await page.getByText('All entries that depend on Movie:1 were ended.').waitFor();
      expect(await state()).toBeUndefined();

      await tags.fill('Moive:1');
      await purge.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
      await page.getByText('did you mean "Movie"').waitFor();

      await reads(3);
      await page.getByRole('button', { name: 'Purge everything…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
      const last = page.getByRole('dialog', { name: 'Really everything?' });
      expect(await last.getByRole('button', { name: 'Purge everything' }).isDisabled()).toBe(true);
      expect(await state()).toBe('fresh');
      await last.getByRole('textbox').fill('everything');
      await last.getByRole('textbox').press('Enter');
      await page.getByText('Every entry was ended.').waitFor();
      expect(await state()).not.toBe('fresh');
      // The browser says that the wrong tag was answered with 400.
      expect(faults.filter((fault) => !fault.includes('status of 400'))).toEqual([]);
    });

    it('takes one tag a line, as a key may have blanks and commas in it', async () => {
      const { page } = await opened(api);
      const key = 'Query.searchMovies(first:10,genre:"a Movie:2")';
      await api.ask('{ searchMovies(genre: "a Movie:2") { edges { node { id } } } movie(id: 2) { id } }');
      const states = async (): Promise<unknown[]> => [
        (await api.cache.tools.inspect(key))?.state,
        (await api.cache.tools.inspect('Movie:2'))?.state,
      ];
      expect(await states()).toEqual(['fresh', 'fresh']);
      const purge = async (text: string): Promise<void> => {
        await page.getByLabel('Tags').fill(text);
        await page.getByRole('button', { name: 'Purge…' }).click();
      };
      const confirm = page.getByRole('dialog').getByRole('button', { name: 'Purge' });
      await purge(key);
      await page.getByRole('dialog', { name: 'Purge this tag?' }).waitFor();
      await confirm.click();
      await page.getByText(`All entries that depend on ${key} were ended.`).waitFor();
      expect(await states()).toEqual([undefined, 'fresh']);

      await purge(`${key}\n\n  Movie:2 \n`);
      await page.getByRole('dialog', { name: 'Purge these 2 tags?' }).waitFor();
      await confirm.click();
      await page.getByText(`All entries that depend on ${key}, Movie:2 were ended.`).waitFor();
      expect(await states()).toEqual([undefined, undefined]);
    });

    it('says before it purges what looks like several tags on one line', async () => {
      const { page } = await opened(api);
      const purge = page.getByRole('button', { name: 'Purge…' });
      const warning = page.getByRole('dialog').getByText('Several tags stand on lines of their own');
      await page.getByLabel('Tags').fill('Movie:1, Person:7');
      await purge.click();
      await warning.waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByLabel('Tags').fill('Query.searchMovies(first:10,genre:"a, b")@42');
      await purge.click();
      await page.getByRole('dialog').waitFor();
      expect(await warning.count()).toBe(0);
    });

    it('has a dead letter replayed, and another one discarded', async () => {
      const { pool } = api.database;
      await pool.query('ALTER TABLE "Playback" ADD CONSTRAINT poison CHECK ("positionSeconds" <> 1)');
      const token = await api.signIn('member@example.com');
      const watch = (movieId: number) =>
        api.ask(`mutation { recordPlayback(movieId: ${movieId}, positionSeconds: 1) { positionSeconds } }`, {
          token,
        });
      for (const movieId of [1, 3]) expect((await watch(movieId)).errors).toEqual([]);
      await flushed(api.cache);
      const { page, faults } = await opened(api);
      const letters = page.locator('.letters li');
      await eventually(() => letters.count()).toBe(2);
      await page.getByText('What was to be written').first().click();
      expect(await letters.first().innerText()).toMatch(
        /violates check constraint "poison"[^]*"positionSeconds": 1/,
      );
      await keepPicture(page, 'dead-letters');

      await page.getByRole('button', { name: 'Discard Playback:1:3' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await eventually(() => letters.count()).toBe(2);
      await page.getByRole('button', { name: 'Discard Playback:1:3' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
      await eventually(() => letters.count()).toBe(1);

      await pool.query('ALTER TABLE "Playback" DROP CONSTRAINT poison');
      await page.getByRole('button', { name: 'Replay Playback:1:1' }).click();
      await page.getByText('None: the database has taken every write').waitFor();
      await flushed(api.cache);
      const { rows } = await pool.query('SELECT "movieId" FROM "Playback" WHERE "positionSeconds" = 1');
      expect(rows).toEqual([{ movieId: 1 }]);
      expect(faults).toEqual([]);
    });

    it.each(['light', 'dark'] as const)(
      'can be used by all people in %s, at 1280 and at 400 pixels',
      async (colorScheme) => {
        await reads(60);
        const { page } = await opened(api, { colorScheme, reducedMotion: 'reduce' });
        await eventually(() => page.locator('.connection').innerText()).toBe('Live');
        for (const width of [1280, 400]) {
          await page.setViewportSize({ width, height: 900 });
          expect(await seriousFaults(page)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
          await keepPicture(page, `${colorScheme}-${width}`);
        }
        const field = page.locator('.fields th code').first();
        await field.scrollIntoViewIfNeeded();
        expect(await field.isVisible()).toBe(true);
        await page.getByRole('button', { name: 'Purge everything…' }).click();
        expect(await seriousFaults(page)).toEqual([]);
        const box = await page.getByRole('dialog').boundingBox();
        expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 999) <= 400).toBe(true);
        await keepPicture(page, `${colorScheme}-dialog`);
      },
    );

    it('pauses, and comes back by itself when the server has been away', async () => {
      const { page } = await opened(api);
      const connection = page.locator('.connection');
      await eventually(() => connection.innerText()).toBe('Live');
      await page.getByRole('button', { name: 'Pause' }).click();
      await eventually(() => connection.innerText()).toBe('Paused');
      await page.context().setOffline(true);
      await page.getByRole('button', { name: 'Pause' }).click();
      await eventually(() => connection.innerText()).toContain('Trouble');
      await page.context().setOffline(false);
      await eventually(() => connection.innerText()).toBe('Live');
    });
  });

  describe('in production', () => {
    let api: TestApi;
    beforeAll(async () => {
      api = await testApi({ config: { environment: 'production', host: '127.0.0.1' } });
      await api.ask(film(1));
    });
    afterAll(() => api.close());

    const signIn = async (page: Page, email: string, password = fixturePassword): Promise<void> => {
      await page.getByLabel('E-mail or name').fill(email);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };

    it('is turned away without the role, and sees figures as an admin until it signs out', async () => {
      const { page, elsewhere, faults } = await opened(api);
      const said = page.getByRole('alert');
      await eventually(() => said.innerText()).toBe('Sign in to see this.');
      expect(await seriousFaults(page)).toEqual([]);
      await keepPicture(page, 'sign-in');
      await signIn(page, 'editor@example.com');
      await eventually(() => said.innerText()).toContain('You may not look after this cache');
      expect(await page.content()).not.toContain('Query.movie');
      expect(faults).toEqual([]);
      await signIn(page, 'admin@example.com', 'a wrong password');
      await eventually(() => said.innerText()).toBe('The e-mail address or the password is wrong.');

      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      const answer = page.waitForResponse(/sign-in$/);
      await signIn(page, 'admin@example.com');
      await page.locator('.fields', { hasText: 'Query.movie' }).waitFor();
      const { token } = (await (await answer).json()) as { token: string };
      expect(token).toMatch(/^[\w-]{43}$/);
      const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      for (const text of [...asked, ...api.logged, kept, await page.content()])
        expect(text).not.toContain(token);

      await page.getByRole('button', { name: 'Sign out' }).click();
      await eventually(() => said.innerText()).toBe('Sign in to see this.');
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${api.url}/cache/dead-letters`, { headers })).status).toBe(403);
      expect(elsewhere).toEqual([]);
    });

    it('without a session gets no figure and changes nothing', async () => {
      const headers = { 'content-type': 'application/json' };
      for (const [method, place] of [
        ['GET', 'figures'],
        ['GET', 'dead-letters'],
        ['POST', 'purge'],
        ['POST', 'dead-letters/replay'],
        ['POST', 'dead-letters/discard'],
      ] as const) {
        const init =
          method === 'GET'
            ? {}
            : { method, headers, body: '{"tags":["*"],"confirm":"everything","keys":["a"]}' };
        expect([place, (await fetch(`${api.url}/cache/${place}`, init)).status]).toEqual([place, 401]);
      }
      expect((await api.cache.tools.inspect('Movie:1'))?.state).toBe('fresh');
    });
  });

  it('does not keep the server from stopping', async () => {
    const api = await testApi();
    const { page } = await opened(api);
    await eventually(() => page.locator('.connection').innerText()).toBe('Live');
    const from = Date.now();
    await api.close();
    const tookMs = Date.now() - from;
    await eventually(() => page.locator('.connection').innerText()).toContain('Trouble');
    // With an open connection it would wait for ten seconds.
    expectTime(tookMs).toBeLessThan(5000);
  });
});
