/** `graphql-corral/postgres`: the outbox for tables of any shape, and flushes into them. Needs the package pg. */
export { applyOutbox, checkOutbox, outboxSql, removeOutbox, type OutboxSqlOptions } from './apply-outbox.js';
export type { OutboxFault } from './compare-outbox.js';
export { flushInto, type FlushingOrigin, type FlushIntoOptions, type FlushParent } from './flush-into.js';
export type { OutboxPool, PoolOption } from './pool-option.js';
export { applyLogOutbox, checkLogOutbox, logOutboxSql, removeLogOutbox } from './log/apply-log.js';
export {
  readReplicas,
  type ReadReplicas,
  type ReadReplicasOptions,
  type ReplicaServer,
} from './log/read-replicas.js';
export type { OutboxSource } from './log/outbox-source.js';
export { postgresOutbox, type OutboxLog, type PostgresOutboxOptions } from './postgres-outbox.js';
export { isPermanentSqlError } from './sqlstate.js';
export type { PrismaDatamodel, PrismaEnum, PrismaField, PrismaModel } from './prisma-datamodel.js';
export type { TableMapping, Tables } from './tables.js';
export { tablesOfPrisma } from './tables-of-prisma.js';
