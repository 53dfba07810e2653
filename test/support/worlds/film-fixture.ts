import { hash } from '@node-rs/argon2';
import type { PrismaClient, Role } from '../../../src/generated/prisma/client.js';

/** The password of every user of the fixture. */
export const fixturePassword = 'correct horse';

/** Users in the order of their ids, from 1 on. */
export const fixtureUsers = [
  { email: 'member@example.com', displayName: 'Mira', role: 'MEMBER' },
  { email: 'editor@example.com', displayName: 'Edgar', role: 'EDITOR' },
  { email: 'admin@example.com', displayName: 'Ada', role: 'ADMIN' },
  { email: 'other@example.com', displayName: 'Otto', role: 'MEMBER' },
] as const satisfies readonly { email: string; displayName: string; role: Role }[];

/** Films in the order of their ids, from 1 on; the first two are of person 1, the third of person 2. */
const films = [
  { title: 'The Long Night', genre: 'Drama', releaseDate: '1994-05-01', imdbVotes: 900, directorId: 1 },
  { title: 'The Short Day', genre: 'Drama', releaseDate: '1996-05-01', imdbVotes: 800, directorId: 1 },
  { title: 'A Night Train', genre: 'Comedy', releaseDate: '1994-07-01', imdbVotes: 700, directorId: 2 },
  { title: '100% Night', genre: 'Comedy', releaseDate: '2004-07-01', imdbVotes: 700, directorId: null },
  { title: 'Nightfall', genre: 'Drama', releaseDate: null, imdbVotes: null, directorId: null },
  { title: 'Under_score', genre: 'Horror', releaseDate: '2001-01-01', imdbVotes: 10, directorId: null },
];

/** Six films, two directors and four users; small enough to know by heart. */
export async function fillFixture(prisma: PrismaClient): Promise<void> {
  const passwordHash = await hash(fixturePassword);
  for (const user of fixtureUsers) {
    await prisma.user.create({ data: { ...user, credential: { create: { passwordHash } } } });
  }
  for (const name of ['Anna Alpha', 'Bert Beta']) await prisma.person.create({ data: { name } });
  for (const [index, { releaseDate, ...film }] of films.entries()) {
    await prisma.movie.create({
      data: {
        ...film,
        releaseDate: releaseDate === null ? null : new Date(releaseDate),
        releaseYear: releaseDate === null ? null : Number(releaseDate.slice(0, 4)),
        runningTimeMinutes: 100,
        imdbRating: 7.5,
        usGross: 1_000_000 * (index + 1),
        worldwideGross: 3_000_000_000n,
      },
    });
  }
  await prisma.rating.createMany({
    data: [
      { userId: 1, movieId: 1, stars: 5 },
      { userId: 4, movieId: 1, stars: 4 },
      { userId: 4, movieId: 3, stars: 2 },
    ],
  });
  await prisma.playback.create({ data: { userId: 1, movieId: 2, positionSeconds: 600 } });
}
