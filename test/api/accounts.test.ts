import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchedNamespaces } from '../../src/start/api-cache.js';
import { hashToken } from '../../src/accounts/session-token.js';
import { fixturePassword } from '../support/worlds/film-fixture.js';
import { type ManualClock, manualClock } from '../support/manual-clock.js';
import { type TestApi, testApi, tokenOf } from '../support/worlds/test-api.js';

const minuteMs = 60_000;
let clock: ManualClock;
let api: TestApi;
beforeAll(async () => {
  clock = manualClock();
  api = await testApi({ clock });
});
afterAll(() => api.close());

const signUp = `mutation ($email: String!, $password: String!) {
  signUp(email: $email, password: $password, displayName: "Nora") { token expiresAt user { id email role } }
}`;
const signIn = `mutation ($email: String!, $password: String!) {
  signIn(email: $email, password: $password) { token expiresAt user { displayName } }
}`;

async function nameOf(token: string): Promise<unknown> {
  const { data, errors } = await api.ask('{ me { displayName } }', { token });
  return errors[0]?.extensions['code'] ?? data;
}

it('declares to the cache each namespace that is used outside of the schema, and no other', async () => {
  await api.ask('{ me { displayName } }', { token: await api.signIn('member@example.com') });
  await api.ask('mutation { recordPlayback(movieId: 1, positionSeconds: 5) { movieId } }', {
    token: await api.signIn('member@example.com'),
  });
  const fetched = Object.keys(api.cache.stats.counters()).filter((name) => name.startsWith('cache.fetch '));
  expect(fetched.map((name) => name.replace('cache.fetch ', '')).sort()).toEqual([...fetchedNamespaces]);
});

describe('signing up', () => {
  it('makes a member who is signed in, with an e-mail address in lower case', async () => {
    const variables = { email: ' Nora@Example.COM ', password: '12345678' };
    const { data, errors } = await api.ask(signUp, { variables });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ signUp: { user: { role: 'MEMBER' } } });
    expect(await nameOf(tokenOf(data, 'signUp'))).toEqual({ me: { displayName: 'Nora' } });
    const again = await api.ask(signIn, { variables: { ...variables, email: 'NORA@example.com' } });
    expect(again.data).toMatchObject({ signIn: { user: { displayName: 'Nora' } } });
    expect(await api.database.prisma.user.count({ where: { email: 'nora@example.com' } })).toBe(1);
  });

  it('shows the new account its own e-mail address from the next request on', async () => {
    const { data } = await api.ask(signUp, { variables: { email: 'own@example.com', password: '12345678' } });
    const own = await api.ask('{ me { email } }', { token: tokenOf(data, 'signUp') });
    expect(own.data).toEqual({ me: { email: 'own@example.com' } });
  });

  it('is refused for an e-mail address that is taken, in whatever case', async () => {
    const variables = { email: 'MEMBER@example.com', password: '12345678' };
    const { errors } = await api.ask(signUp, { variables });
    expect(errors[0]).toMatchObject({
      message: 'No account can be made with this e-mail address; sign in, or use another one.',
      extensions: { code: 'BAD_USER_INPUT', argument: 'email' },
    });
  });

  it('makes no account where its session cannot be opened: the same is right once it can', async () => {
    const { pool, prisma } = api.database;
    const variables = { email: 'retried@example.com', password: '12345678' };
    await pool.query('ALTER TABLE "Session" ADD CONSTRAINT none_is_opened CHECK (false) NOT VALID');
    const failed = await api
      .ask(signUp, { variables })
      .finally(() => pool.query('ALTER TABLE "Session" DROP CONSTRAINT none_is_opened'));
    expect(failed.errors[0]?.extensions['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(await prisma.user.count({ where: { email: variables.email } })).toBe(0);
    const { data, errors } = await api.ask(signUp, { variables });
    expect(errors).toEqual([]);
    expect(await nameOf(tokenOf(data, 'signUp'))).toEqual({ me: { displayName: 'Nora' } });
  });

  it('keeps the password as an Argon2id hash and the token as a SHA-256 only', async () => {
    const variables = { email: 'hash@example.com', password: 'the password' };
    const { data } = await api.ask(signUp, { variables });
    const token = tokenOf(data, 'signUp');
    const user = await api.database.prisma.user.findUniqueOrThrow({
      where: { email: variables.email },
      include: { credential: true, sessions: true },
    });
    expect(user.credential?.passwordHash).toMatch(/^\$argon2id\$/);
    expect(user.sessions.map(({ tokenHash }) => tokenHash)).toEqual([hashToken(token)]);
    expect(JSON.stringify(user)).not.toContain(token);
  });
});

describe('signing in', () => {
  it('answers the same for an unknown e-mail address and for a wrong password', async () => {
    const wrong = await api.ask(signIn, {
      variables: { email: 'member@example.com', password: 'wrong one' },
    });
    const unknown = await api.ask(signIn, {
      variables: { email: 'nobody@example.com', password: 'wrong one' },
    });
    expect(wrong.errors).toEqual(unknown.errors);
    expect(wrong.errors[0]).toMatchObject({
      message: 'The e-mail address or the password is wrong.',
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });

  it('removes the sessions of the account that are over', async () => {
    const { prisma } = api.database;
    const over = { tokenHash: 'over', userId: 4, expiresAt: new Date(clock.nowMs()) };
    await prisma.session.create({ data: over });
    await api.signIn('other@example.com');
    expect(await prisma.session.findUnique({ where: { tokenHash: 'over' } })).toBeNull();
  });

  it('never writes a password or a token to the log', async () => {
    const token = await api.signIn('member@example.com');
    await api.ask('{ me { id } }', { token });
    const log = api.logged.join('');
    expect(log).not.toBe('');
    expect(log).not.toContain(fixturePassword);
    expect(log).not.toContain(token);
  });
});

describe('signing out', () => {
  it('ends that session at once, and no other', async () => {
    const [token, other] = [await api.signIn('member@example.com'), await api.signIn('member@example.com')];
    expect(await nameOf(token)).toEqual({ me: { displayName: 'Mira' } });
    const { data } = await api.ask('mutation { signOut }', { token });
    expect(data).toEqual({ signOut: true });
    expect(await nameOf(token)).toBe('UNAUTHENTICATED');
    expect(await nameOf(other)).toEqual({ me: { displayName: 'Mira' } });
    expect(await api.database.prisma.session.count({ where: { tokenHash: hashToken(token) } })).toBe(0);
  });

  it('needs somebody who is signed in', async () => {
    const { errors } = await api.ask('mutation { signOut }');
    expect(errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });
});

describe('a token', () => {
  it.each([
    ['that was never given out', `Bearer ${'A'.repeat(43)}`],
    ['of another form', 'Bearer secret'],
    ['behind another word', 'Basic dXNlcjpwYXNz'],
    ['that is empty', 'Bearer '],
  ])('%s makes the whole request UNAUTHENTICATED', async (_, authorization) => {
    const { status, data, errors } = await api.ask('{ movie(id: 1) { title } }', {
      headers: { authorization },
    });
    expect(status).toBe(401);
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  });

  it('lives for two hours after its last use', async () => {
    const token = await api.signIn('member@example.com');
    for (const use of [1, 2, 3]) {
      clock.advance(119 * minuteMs);
      expect([use, await nameOf(token)]).toEqual([use, { me: { displayName: 'Mira' } }]);
    }
    clock.advance(120 * minuteMs);
    expect(await nameOf(token)).toBe('UNAUTHENTICATED');
  });

  it('costs no statement while it is cached, and one update when five minutes are gone', async () => {
    const token = await api.signIn('member@example.com');
    const statementsOf = async (): Promise<number> => {
      const before = api.database.statements();
      await nameOf(token);
      return api.database.statements() - before;
    };
    await nameOf(token);
    clock.advance(4 * minuteMs - 1);
    await nameOf(token);
    expect(await statementsOf()).toBe(0);
    const hash = hashToken(token);
    const before = await api.database.prisma.session.findUniqueOrThrow({ where: { tokenHash: hash } });
    clock.advance(2 * minuteMs);
    await Promise.all([nameOf(token), nameOf(token), nameOf(token)]);
    const after = await api.database.prisma.session.findUniqueOrThrow({ where: { tokenHash: hash } });
    expect(after.expiresAt.getTime() - before.expiresAt.getTime()).toBe(6 * minuteMs - 1);
    expect(after.version).toBe(before.version + 1);
  });

  it('has the new role of its user as soon as the tag of the user is invalidated', async () => {
    const token = await api.signIn('other@example.com');
    const remove = 'mutation { deleteMovie(id: 99) }';
    expect((await api.ask(remove, { token })).errors[0]?.extensions['code']).toBe('FORBIDDEN');
    await api.database.prisma.user.update({ where: { id: 4 }, data: { role: 'EDITOR' } });
    await api.cache.invalidate(['user_profile:4']);
    expect((await api.ask(remove, { token })).errors[0]?.extensions['code']).toBe('NOT_FOUND');
    await api.database.prisma.user.update({ where: { id: 4 }, data: { role: 'MEMBER' } });
    await api.cache.invalidate(['user_profile:4']);
  });
});

describe('an e-mail address', () => {
  it('is shown to its user and to admins, and to nobody else, from the same entry', async () => {
    const read = async (email?: string): Promise<unknown> => {
      const token = email === undefined ? undefined : await api.signIn(email);
      return (await api.ask('{ user(id: 1) { email } }', { token })).data;
    };
    const shown = { user: { email: 'member@example.com' } };
    const hidden = { user: { email: null } };
    expect(await read('admin@example.com')).toEqual(shown);
    expect(await read()).toEqual(hidden);
    expect(await read('member@example.com')).toEqual(shown);
    expect(await read('other@example.com')).toEqual(hidden);
    expect(await read('editor@example.com')).toEqual(hidden);
  });
});

describe('roles', () => {
  const changes = [
    'mutation { createMovie(input: { title: "x" }) { id } }',
    'mutation { updateMovie(id: 1, input: { title: "x" }) { id } }',
    'mutation { deleteMovie(id: 1) }',
  ];

  it.each(changes)('%s is for editors and admins', async (operation) => {
    const token = await api.signIn('member@example.com');
    const codes = [await api.ask(operation), await api.ask(operation, { token })].map(
      ({ errors }) => errors[0]?.extensions['code'],
    );
    expect(codes).toEqual(['UNAUTHENTICATED', 'FORBIDDEN']);
    expect(await api.database.prisma.movie.count()).toBe(6);
  });

  it.each([
    'mutation { rateMovie(movieId: 1, stars: 3) { stars } }',
    'mutation { recordPlayback(movieId: 1, positionSeconds: 3) { movieId } }',
    'mutation { updateProfile(input: { bio: "x" }) { id } }',
    '{ playback(movieId: 1) { movieId } }',
    '{ continueWatching { movieId } }',
  ])('%s needs a signed-in viewer', async (operation) => {
    const { errors } = await api.ask(operation);
    expect(errors[0]).toMatchObject({
      message:
        'You are not signed in; call signIn, and send its token in the header "Authorization: Bearer <token>".',
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });

  it.each([
    ['mutation { rateMovie(movieId: 99, stars: 3) { stars } }', 'movieId'],
    ['mutation { recordPlayback(movieId: 99, positionSeconds: 3) { movieId } }', 'movieId'],
    ['mutation { updateMovie(id: 99, input: { directorName: "Ghost" }) { id } }', 'id'],
    ['mutation { deleteMovie(id: 99) }', 'id'],
  ])('%s says that there is no such film', async (operation, argument) => {
    const { errors } = await api.ask(operation, { token: await api.signIn('admin@example.com') });
    expect(errors[0]).toMatchObject({
      message: `There is no film with the id that the argument "${argument}" names.`,
      extensions: { code: 'NOT_FOUND', argument },
    });
    expect(await api.database.prisma.person.count({ where: { name: 'Ghost' } })).toBe(0);
  });
});
