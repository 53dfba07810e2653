import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashToken } from '../../src/accounts/session-token.js';
import { type ManualClock, manualClock } from '../support/manual-clock.js';
import { type TestApi, testApi, tokenOf } from '../support/worlds/test-api.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
let clock: ManualClock;
let api: TestApi;
beforeAll(async () => {
  clock = manualClock();
  api = await testApi({
    clock,
    // On a slow machine many sign-ins at the same time wait for longer than clients should.
    settings: { SESSION_MAX_PER_ACCOUNT: '3', SESSION_MAX_DAYS: '2', SIGN_IN_MAX_WAIT_MS: '60000' },
  });
});
beforeEach(async () => {
  await api.ask('mutation { signOutEverywhere }', { token: await api.signIn('member@example.com') });
});
afterAll(() => api.close());

async function nameOf(token: string): Promise<unknown> {
  const { data, errors } = await api.ask('{ me { displayName } }', { token });
  return errors[0]?.extensions['code'] ?? data;
}
const mira = { me: { displayName: 'Mira' } };

describe('the sessions of an account', () => {
  it('are listed to their user, the one used last first, with the one of the request marked', async () => {
    const first = await api.signIn('member@example.com');
    const createdAt = new Date(clock.nowMs()).toISOString();
    clock.advance(minuteMs);
    const second = await api.signIn('member@example.com');
    clock.advance(10 * minuteMs);
    await nameOf(first);
    const usedAt = new Date(clock.nowMs()).toISOString();
    const { data } = await api.ask('{ sessions { createdAt lastUsedAt isCurrent } }', { token: first });
    expect(data).toEqual({
      sessions: [
        { createdAt, lastUsedAt: usedAt, isCurrent: true },
        expect.objectContaining({ isCurrent: false }),
      ],
    });
    const { errors } = await api.ask('{ sessions { createdAt } }');
    expect(errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    expect(await nameOf(second)).toEqual(mira);
  });

  it('all end at once, and no one else is signed out', async () => {
    const tokens = [await api.signIn('member@example.com'), await api.signIn('member@example.com')];
    const other = await api.signIn('other@example.com');
    for (const token of tokens) expect(await nameOf(token)).toEqual(mira);
    const { data } = await api.ask('mutation { signOutEverywhere }', { token: tokens[0] });
    expect(data).toEqual({ signOutEverywhere: 2 });
    for (const token of tokens) expect(await nameOf(token)).toBe('UNAUTHENTICATED');
    expect(await nameOf(other)).toEqual({ me: { displayName: 'Otto' } });
  });

  it('are counted when all end, without those that were over already', async () => {
    await api.signIn('member@example.com');
    clock.advance(60 * minuteMs);
    const token = await api.signIn('member@example.com');
    clock.advance(90 * minuteMs);
    const { data } = await api.ask('{ sessions { isCurrent } }', { token });
    expect(data).toEqual({ sessions: [{ isCurrent: true }] });
    const ended = await api.ask('mutation { signOutEverywhere }', { token });
    expect(ended.data).toEqual({ signOutEverywhere: 1 });
    expect(await api.database.prisma.session.count({ where: { userId: 1 } })).toBe(0);
  });

  it('are bounded: the next one ends the oldest, though it was used last', async () => {
    const tokens: string[] = [];
    for (let opened = 0; opened < 3; opened += 1) {
      tokens.push(await api.signIn('member@example.com'));
      clock.advance(6 * minuteMs);
    }
    const [oldest = '', ...younger] = tokens;
    expect(await nameOf(oldest)).toEqual(mira);
    const newest = await api.signIn('member@example.com');
    expect(await nameOf(oldest)).toBe('UNAUTHENTICATED');
    for (const token of [...younger, newest]) expect(await nameOf(token)).toEqual(mira);
  });

  it('stay bounded when many are opened at the same time', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => api.signIn('member@example.com')));
    expect(new Set(tokens).size).toBe(8);
    expect(await api.database.prisma.session.count({ where: { userId: 1 } })).toBe(3);
  });

  it('end when they are old, however much they are used', async () => {
    const token = await api.signIn('member@example.com');
    const endsAt = clock.nowMs() + 2 * dayMs;
    while (clock.nowMs() + 119 * minuteMs < endsAt) {
      clock.advance(119 * minuteMs);
      expect(await nameOf(token)).toEqual(mira);
    }
    const row = await api.database.prisma.session.findUniqueOrThrow({
      where: { tokenHash: hashToken(token) },
    });
    expect(row.expiresAt.getTime()).toBe(endsAt);
    clock.advance(endsAt - clock.nowMs() - 1);
    expect(await nameOf(token)).toEqual(mira);
    clock.advance(1);
    expect(await nameOf(token)).toBe('UNAUTHENTICATED');
  });
});

describe('fields after one that signs out', () => {
  const recordPlayback = 'recordPlayback(movieId: 1, positionSeconds: 77) { movieId }';
  const rateMovie = 'rateMovie(movieId: 2, stars: 1) { stars }';
  const updateProfile = 'updateProfile(input: { bio: "changed by nobody" }) { id }';

  it.each(
    ['signOut', 'signOutEverywhere'].flatMap((signOut) =>
      [recordPlayback, rateMovie, updateProfile, 'again: signOut', 'all: signOutEverywhere'].map((after) => [
        signOut,
        after,
      ]),
    ),
  )('have no viewer: %s, then %s', async (signOut, after) => {
    const token = await api.signIn('member@example.com');
    const { errors } = await api.ask(`mutation { ${signOut} ${after} }`, { token });
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['UNAUTHENTICATED']);
    expect(await nameOf(token)).toBe('UNAUTHENTICATED');
    const { prisma } = api.database;
    expect(await prisma.rating.count({ where: { userId: 1, movieId: 2 } })).toBe(0);
    expect(await prisma.user.findUniqueOrThrow({ where: { id: 1 } })).toMatchObject({ bio: null });
  });

  it('and those before it had the viewer', async () => {
    const token = await api.signIn('editor@example.com');
    const { data } = await api.ask('mutation { rateMovie(movieId: 2, stars: 4) { stars } signOut }', {
      token,
    });
    expect(data).toEqual({ rateMovie: { stars: 4 }, signOut: true });
  });
});

describe('the e-mail address in the answer of', () => {
  const credentials = 'email: "member@example.com", password: "correct horse"';

  it('signIn is shown to the owner, also where another account was signed in before', async () => {
    const operation = `mutation { signIn(${credentials}) { user { email } } }`;
    const answer = { signIn: { user: { email: 'member@example.com' } } };
    expect((await api.ask(operation)).data).toEqual(answer);
    const token = await api.signIn('other@example.com');
    expect((await api.ask(operation, { token })).data).toEqual(answer);
  });

  it('signUp is shown to the owner', async () => {
    const { data } = await api.ask(
      'mutation { signUp(email: "Olga@example.com", password: "12345678", displayName: "Olga") { user { email } } }',
    );
    expect(data).toEqual({ signUp: { user: { email: 'olga@example.com' } } });
  });

  it('signIn shows the addresses of other accounts no more than before', async () => {
    const { data } = await api.ask(
      `mutation { signIn(${credentials}) { user { ratings { movie { ratings { user { id email } } } } } } }`,
    );
    expect(data === undefined || !JSON.stringify(data).includes('other@example.com')).toBe(true);
  });
});

describe('a text that can be written in several ways', () => {
  const signUp = (
    email: string,
    { password = '12345678', displayName = 'Nora' }: { password?: string; displayName?: string },
  ) =>
    api.ask(
      'mutation ($email: String!, $password: String!, $displayName: String!) { signUp(email: $email, password: $password, displayName: $displayName) { token user { id displayName } } }',
      { variables: { email, password, displayName } },
    );
  const signIn = async (email: string, password: string): Promise<unknown> => {
    const { errors } = await api.ask(
      'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { token } }',
      { variables: { email, password } },
    );
    return errors[0]?.extensions['code'] ?? 'in';
  };

  it('is one password, whether its letters come composed or in parts, and whatever blank is typed', async () => {
    const composed = 'Caf\u00e9 \u00c5ngstr\u00f6m';
    await signUp('unicode@example.com', { password: composed });
    expect(await signIn('unicode@example.com', composed)).toBe('in');
    expect(await signIn('unicode@example.com', 'Cafe\u0301\u00a0A\u030angstro\u0308m')).toBe('in');
    expect(await signIn('unicode@example.com', 'Caf\u00e9 \u212bngstr\u00f6m')).toBe('in');
    expect(await signIn('unicode@example.com', 'Cafe Angstrom')).toBe('UNAUTHENTICATED');
  });

  it('is a password of as many characters as it has code points', async () => {
    const fault = (length: string) => `The argument "password" must have ${length} characters.`;
    const four = await signUp('emoji4@example.com', { password: '\u{1f600}'.repeat(4) });
    expect(four.errors[0]?.message).toBe(fault('8 to 200'));
    expect((await signUp('emoji8@example.com', { password: '\u{1f600}'.repeat(8) })).errors).toEqual([]);
    expect((await signUp('emoji200@example.com', { password: '\u{1f600}'.repeat(200) })).errors).toEqual([]);
    const most = await signUp('emoji201@example.com', { password: '\u{1f600}'.repeat(201) });
    expect(most.errors[0]?.message).toBe(fault('8 to 200'));
    // Seven letters, typed in parts.
    const parts = await signUp('parts@example.com', { password: 'e\u0301'.repeat(7) });
    expect(parts.errors[0]?.message).toBe(fault('8 to 200'));
  });

  it.each([
    ['a control character', '1234567\u0000'],
    ['half a character', '1234567\ud800'],
  ])('is no password with %s', async (_, password) => {
    const { errors } = await signUp('control@example.com', { password });
    expect(errors[0]).toMatchObject({
      message: 'The argument "password" must not contain control characters.',
      extensions: { code: 'BAD_USER_INPUT', argument: 'password' },
    });
  });

  it('is one display name, composed, with plain blanks', async () => {
    const { data } = await signUp('name@example.com', { displayName: ' Zoe\u0308\u00a0\u3000Lux ' });
    expect(data).toMatchObject({ signUp: { user: { displayName: 'Zo\u00eb Lux' } } });
    const token = tokenOf(data, 'signUp');
    const changed = await api.ask(
      'mutation ($displayName: String!) { updateProfile(input: { displayName: $displayName }) { displayName } }',
      { token, variables: { displayName: 'Rene\u0301e' } },
    );
    expect(changed.data).toEqual({ updateProfile: { displayName: 'Ren\u00e9e' } });
  });

  it.each([
    ['a zero-width blank', 'Mi\u200bra'],
    ['a joiner between Latin letters', 'Mi\u200dra'],
    ['a mark that turns the direction', 'Mira \u202egnp'],
    ['an isolate', '\u2067Mira'],
    ['a mark of direction', 'Mira\u200f'],
    ['a soft hyphen', 'Mi\u00adra'],
    ['a Hangul filler', '\u3164'],
    ['empty Braille', '\u2800'],
    ['a byte order mark', '\ufeffMira'],
    ['a tag', 'Mira\u{e0041}'],
    ['a variation selector', 'Mira\ufe0f'],
    ['a grapheme joiner', 'Mi\u034fra'],
    ['a line separator', 'Mira\u2028'],
    ['a private character', 'Mira\ue000'],
    ['a control character', 'Mi\u0007ra'],
    ['half a character', 'Mira\ud800'],
  ])('is no display name with %s', async (_, displayName) => {
    const { errors } = await signUp('unseen@example.com', { displayName });
    expect(errors[0]).toMatchObject({
      message:
        'The argument "displayName" must not contain characters that are invisible, or that change the direction of the text.',
      extensions: { code: 'BAD_USER_INPUT', argument: 'displayName' },
    });
  });

  it.each([
    ['Persian', '\u0645\u06cc\u200c\u0631\u0627'],
    ['Sinhala', '\u0dc1\u0dca\u200d\u0dbb\u0dd3'],
    ['Hebrew', '\u05e0\u05d5\u05e2\u05d4'],
    ['emoji', 'Mira \u{1f469}\u{1f3fd}\u200d\u{1f4bb} \u2764\ufe0f'],
    ['apostrophes', 'Se\u00e1n O\u2019Neill-\u0141ukasz Jr.'],
    ['80 code points', '\u{20000}'.repeat(80)],
  ])('may be a display name: %s', async (title, displayName) => {
    const { data } = await signUp(`${title.replace(' ', '').replace(' ', '')}@example.com`, { displayName });
    expect(data).toMatchObject({ signUp: { user: { displayName } } });
  });

  it('is no display name of more than 80 code points, or of blanks', async () => {
    for (const displayName of ['\u{20000}'.repeat(81), '\u00a0\u2003', '']) {
      const { errors } = await signUp('long@example.com', { displayName });
      expect(errors[0]?.message).toBe(
        'The argument "displayName" must have 1 to 80 characters, and not only blanks.',
      );
    }
  });
});

describe('while the database takes no writes', () => {
  it('sessions go on until their end, and are moved on once it does again', async () => {
    const { pool } = api.database;
    const token = await api.signIn('member@example.com');
    expect(await nameOf(token)).toEqual(mira);
    await pool.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''53100''; END'`);
    await pool.query(
      'CREATE TRIGGER refuse BEFORE UPDATE ON "Session" FOR EACH STATEMENT EXECUTE FUNCTION refuse()',
    );
    const told = (): number => api.logged.filter((line) => line.includes('cannot be moved on')).length;
    clock.advance(6 * minuteMs);
    expect(await nameOf(token)).toEqual(mira);
    // What failed is not tried by each request.
    expect(await nameOf(token)).toEqual(mira);
    expect(told()).toBe(1);
    clock.advance(10_000);
    expect(await nameOf(token)).toEqual(mira);
    expect(told()).toBe(2);
    await pool.query('DROP FUNCTION refuse CASCADE');
    clock.advance(10_000);
    expect(await nameOf(token)).toEqual(mira);
    clock.advance(2 * 60 * minuteMs - 60_000);
    expect(await nameOf(token)).toEqual(mira);
    expect(told()).toBe(2);
  });
});
