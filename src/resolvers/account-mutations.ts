import { requireViewer } from '../accounts/require-viewer.js';
import { badUserInput, unauthenticated } from '../api-errors/api-error.js';
import type { ApiContext } from '../context.js';
import type { MutationResolvers } from '../generated/graphql.js';
import type { User } from '../generated/prisma/client.js';
import { isUniqueConflict } from './database-refusal.js';

type AccountMutations = Required<Pick<MutationResolvers, 'signUp' | 'signIn' | 'signOut'>>;

/** Mutations that make accounts, and open and end sessions. */
export const accountMutations: AccountMutations = {
  async signUp(_root, { email, password, displayName }, context) {
    const passwordHash = await context.passwords.hash(password);
    const user = await createUser(context, { email: normalEmail(email), displayName, passwordHash });
    return { user, ...(await context.sessions.open(user.id)) };
  },

  async signIn(_root, { email, password }, { database, passwords, sessions }) {
    const { prisma } = database;
    const user = await prisma.user.findUnique({ where: { email: normalEmail(email) } });
    // Nobody has the id 0. Whether the account exists must not tell by the time that the answer takes.
    const credential = await prisma.credential.findUnique({ where: { userId: user?.id ?? 0 } });
    const isRight = await passwords.matches(password, credential?.passwordHash);
    if (user === null || !isRight) throw unauthenticated('The e-mail address or the password is wrong.');
    return { user, ...(await sessions.open(user.id)) };
  },

  async signOut(_root, _args, context) {
    requireViewer(context);
    if (context.session !== undefined) await context.sessions.end(context.session);
    return true;
  },
};

function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

interface NewUser {
  readonly email: string;
  readonly displayName: string;
  readonly passwordHash: string;
}

async function createUser({ database }: ApiContext, { passwordHash, ...user }: NewUser): Promise<User> {
  try {
    return await database.prisma.user.create({ data: { ...user, credential: { create: { passwordHash } } } });
  } catch (error) {
    if (!isUniqueConflict(error)) throw error;
    throw badUserInput(
      'email',
      'No account can be made with this e-mail address; sign in, or use another one.',
    );
  }
}
