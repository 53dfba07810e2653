import type { ClientBase } from 'pg';
import { CacheError } from '../../errors.js';
import { inTransaction } from '../in-transaction.js';
import type { OutboxPool } from '../pool-option.js';
import { alone } from './apply-log.js';
import { insufficientIdentities, type InsufficientIdentity } from './identities.js';
import type { LogHome } from './log-home.js';
import { planToRead, renewedPlan, type LogPlan } from './log-plan.js';
import { haveAllForget, presentPlan, publicationSql, type WantedLog } from './publication.js';
import { tablesNowSql } from './tables-now.js';

export interface TablesOfLogOptions {
  readonly home: LogHome;
  readonly pool: OutboxPool;
  /** Whether this process may change the publication and the tables. */
  readonly isApplied: boolean;
  /** What this process declares, for the tables as they are now. */
  readonly wanted: (client: ClientBase) => Promise<WantedLog>;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** The tables that the log tells of, looked after while processes run: others drop, swap and divide them meanwhile. */
export class TablesOfLog {
  readonly #options: TablesOfLogOptions;
  /** How they were when they were seen to last. */
  #seen: string | undefined;
  /** Whether each then had its name; where not, another table may take it, which changes nothing of the one that had it. */
  #areAsNamed = true;
  #warned: string | undefined;

  constructor(options: TablesOfLogOptions) {
    this.#options = options;
  }

  /**
   * What rows mean, as the publication says. One that does not tell of all its tables is made anew, and every store forgets
   * everything.
   */
  async plan(): Promise<LogPlan> {
    const { home, pool, isApplied, log } = this.#options;
    const { said, tables, isAsItSays } = await inTransaction(pool, (client) => presentPlan(client, home));
    if (isAsItSays && said !== undefined) return planToRead(said, tables);
    const what = `The publication "${home.publication}" was changed by another program, or a table took the place of one that it has, so that changes were not told of`;
    if (!isApplied) {
      await pool.query(haveAllForget(home));
      throw new CacheError(
        'CACHE_CONFIGURATION',
        `${what}; the owner of the tables runs \`npx graphql-corral outbox apply --source log\`.`,
      );
    }
    const made = await alone(pool, (client) => this.#makeAnew(client));
    log.warn(`${what}: it is made anew, and everything stored is forgotten.`);
    return made;
  }

  /** Called at the start, where the publication was found to be right. */
  async begin(): Promise<void> {
    const now = await this.#now();
    await this.identities();
    this.#seen = now;
  }

  /**
   * Sees to what was made or changed since, which the log does not tell of, and says whether there was anything. `now`: the tables as
   * one text, by `tablesNowSql`.
   */
  async keep(now: string | undefined): Promise<boolean> {
    const hasChanged = now !== this.#seen;
    if (!hasChanged && this.#areAsNamed) return false;
    await this.plan();
    await this.identities();
    this.#areAsNamed = await this.#haveNames();
    this.#seen = now;
    return hasChanged;
  }

  /** Gives partitions that are new what the log needs to tell enough of them; writes to some fail until then. */
  async identities(): Promise<void> {
    const { pool, isApplied, log } = this.#options;
    const found = await inTransaction(pool, (client) => this.#insufficient(client));
    if (found.length === 0) return;
    if (!isApplied) {
      const list = found.map(({ message }) => `  - ${message}`).join('\n');
      if (list !== this.#warned)
        log.warn(
          `UPDATE and DELETE have everything stored forgotten, or fail for want of a primary key, in some tables until the owner of the tables runs \`npx graphql-corral outbox apply --source log\`:\n${list}`,
        );
      this.#warned = list;
      return;
    }
    await alone(pool, async (client) => {
      for (const { sql } of await this.#insufficient(client)) {
        await client.query(sql);
        log.info(`The log tells now what tags name of changed rows: ${sql}`);
      }
    });
  }

  /** By the plan that the publication bears, as that may be the one of a later version. */
  async #makeAnew(client: ClientBase): Promise<LogPlan> {
    const { home, wanted } = this.#options;
    const { said, tables, isAsItSays } = await presentPlan(client, home);
    if (isAsItSays && said !== undefined) return planToRead(said, tables);
    const plan = said === undefined ? (await wanted(client)).plan : renewedPlan(tables);
    for (const statement of publicationSql(home, plan)) await client.query(statement);
    await client.query(haveAllForget(home));
    const made = await presentPlan(client, home);
    const toRead = planToRead(plan, made.tables);
    for (const { sql } of await insufficientIdentities(client, toRead.tables)) await client.query(sql);
    return toRead;
  }

  async #haveNames(): Promise<boolean> {
    const { home, pool } = this.#options;
    const { tables } = await inTransaction(pool, (client) => presentPlan(client, home));
    return tables.every(({ said, now }) => said.name === now?.name && said.schema === now.schema);
  }

  async #now(): Promise<string | undefined> {
    const { pool, home } = this.#options;
    const { rows } = await pool.query<{ now: string | null }>(`SELECT ${tablesNowSql('$1')} AS now`, [
      home.publication,
    ]);
    return rows[0]?.now ?? undefined;
  }

  async #insufficient(client: ClientBase): Promise<readonly InsufficientIdentity[]> {
    const { said, tables } = await presentPlan(client, this.#options.home);
    return said === undefined ? [] : insufficientIdentities(client, planToRead(said, tables).tables);
  }
}
