import { defineConfig } from 'prisma/config';

const databaseUrl = process.env['DATABASE_URL'];

/** What the Prisma command line reads. Without DATABASE_URL there is no server, and most commands need none. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(databaseUrl ? { datasource: { url: databaseUrl } } : {}),
});
