import { seedDatabase } from '../../../prisma/seed/seed.js';
import { applyMigrations } from '../../../src/database/apply-migrations.js';
import { connectDatabase } from '../../../src/database/connect-database.js';

/** A process of its own that fills the data directory named by its argument and prints what it logs. */
const say = (message: string): void => void process.stdout.write(`${message}\n`);
const log = { info: say, warn: say };
const database = await connectDatabase({ dataDirectory: process.argv[2] ?? '', log });
await applyMigrations({ pool: database.pool, log });
await seedDatabase(database, { log });
await database.close();
