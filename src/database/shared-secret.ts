import { randomBytes } from 'node:crypto';
import type { PrismaClient } from '../generated/prisma/client.js';

const SECRET_BYTES = 32;

/** The secret of this name, which all processes on a database share; made where there is none yet. */
export async function sharedSecret(prisma: PrismaClient, name: string): Promise<Uint8Array> {
  // Of two processes that start together the second keeps what the first has made.
  await prisma.secret.createMany({ data: { name, value: randomBytes(SECRET_BYTES) }, skipDuplicates: true });
  const { value } = await prisma.secret.findUniqueOrThrow({ where: { name } });
  return value;
}
