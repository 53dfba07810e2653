import type { Asking } from '../accounts/hashing-queue.js';
import { prepareName } from '../accounts/prepare-name.js';
import { requireViewer } from '../accounts/require-viewer.js';
import type { OpenedSession, OpenSession, Sessions, Viewer } from '../accounts/sessions.js';
import { badUserInput, requestAbandoned, unauthenticated } from '../api-errors/api-error.js';
import type { ApiContext, Client } from '../context.js';
import type { MutationResolvers } from '../generated/graphql.js';
import type { User } from '../generated/prisma/client.js';
import { isUniqueConflict } from './database-refusal.js';

type AccountMutations = Required<
  Pick<MutationResolvers, 'signUp' | 'signIn' | 'signOut' | 'signOutEverywhere'>
>;

/** Mutations that make accounts, and open and end sessions. */
export const accountMutations: AccountMutations = {
  async signUp(_root, { email, password, displayName }, context) {
    const { attempts, hashing, passwords, sessions, client } = context;
    const { address } = client;
    await attempts.check({ address });
    const passwordHash = await hashing.run(async () => {
      // Not taken back: what was an account, or told that there is one, counts in full.
      await attempts.spend({ address });
      return passwords.hash(password);
    }, askingOf(client));
    const newUser = { email: normalEmail(email), displayName: prepareName(displayName), passwordHash };
    const { account: user, opened } = await createUser(sessions, newUser);
    proveOwner(context, user);
    return { user, ...opened };
  },

  async signIn(_root, { email, password }, context) {
    const { attempts, hashing, sessions, client } = context;
    const attempt = { address: client.address, account: normalEmail(email) };
    await attempts.check(attempt);
    // Counted only now that the password is about to be tried: who is refused or gone has learned nothing.
    const user = await hashing.run(
      () => attempts.make(attempt, () => userWith(context, attempt.account, password)),
      askingOf(client),
    );
    if (user === undefined) throw unauthenticated('The e-mail address or the password is wrong.');
    if (client.gone().aborted) throw requestAbandoned();
    proveOwner(context, user);
    return { user, ...(await sessions.open(user.id)) };
  },

  async signOut(_root, _args, context) {
    requireViewer(context);
    const { session } = context;
    becomeNobody(context);
    if (session !== undefined) await context.sessions.end(session);
    return true;
  },

  async signOutEverywhere(_root, _args, context) {
    const { id } = requireViewer(context);
    becomeNobody(context);
    return context.sessions.endAll(id);
  },
};

function askingOf(client: Client): Asking {
  return { gone: client.gone(), address: client.address };
}

/** The fields of this document that come next run without a viewer. */
function becomeNobody(context: {
  viewer: Viewer | undefined;
  session: OpenSession | undefined;
  provenUserId: number | undefined;
}): void {
  context.viewer = undefined;
  context.session = undefined;
  context.provenUserId = undefined;
}

/** What only its owner may see of an account is shown in the rest of this document: the owner has given its password. */
function proveOwner(context: { provenUserId: number | undefined }, { id }: User): void {
  context.provenUserId = id;
}

/** The user of this e-mail address and password; undefined where there is none. */
async function userWith(context: ApiContext, email: string, password: string): Promise<User | undefined> {
  const { prisma } = context.database;
  const user = await prisma.user.findUnique({ where: { email } });
  // No user has the id 0. Whether the account exists must not tell by the time that the answer takes.
  const credential = await prisma.credential.findUnique({ where: { userId: user?.id ?? 0 } });
  const isRight = await context.passwords.matches(password, credential?.passwordHash);
  return user !== null && isRight ? user : undefined;
}

function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

interface NewUser {
  readonly email: string;
  readonly displayName: string;
  readonly passwordHash: string;
}

/** With its first session: a client that is told of an error would otherwise find the address taken when it tries again. */
async function createUser(
  sessions: Sessions,
  { passwordHash, ...user }: NewUser,
): Promise<{ account: User; opened: OpenedSession }> {
  try {
    return await sessions.openWith(({ user: users }) =>
      users.create({ data: { ...user, credential: { create: { passwordHash } } } }),
    );
  } catch (error) {
    if (!isUniqueConflict(error)) throw error;
    throw badUserInput(
      'email',
      'No account can be made with this e-mail address; sign in, or use another one.',
    );
  }
}
