import { GraphQLError } from 'graphql';
import type { Context } from './cache.js';

/** Every update of a product raises its version. */
const raised = { version: { increment: 1 } };

export const resolvers = {
  Query: {
    orders: (_: unknown, { productId }: { productId: number }, { db }: Context) =>
      db.order.findMany({ where: { productId }, orderBy: { id: 'asc' } }),

    bestSellers: (_: unknown, _args: object, { db }: Context) =>
      db.$queryRaw`SELECT p.name, sum(o.quantity)::int AS sold FROM orders o JOIN products p ON p.id = o.product_id
                   GROUP BY p.id ORDER BY sold DESC, p.id LIMIT 3`,

    cart: (_: unknown, _args: object, { db, customerId }: Context) =>
      customerId === undefined ? null : db.cart.findUnique({ where: { customerId }, omit: { wbSeq: true } }),
  },
  Mutation: {
    setPrice: (_: unknown, { id, cents }: { id: number; cents: number }, { db }: Context) =>
      db.product.update({ where: { id }, data: { cents, ...raised } }),

    restock: (_: unknown, { id, by }: { id: number; by: number }, { db }: Context) =>
      db.product.update({ where: { id }, data: { stock: { increment: by }, ...raised } }),

    // Checks and returns the new state, and does not ask the database.
    touchCart: (_: unknown, { items }: { items: number }, { customerId }: Context) => {
      if (customerId === undefined) throw new GraphQLError('Say who you are in the header x-customer.');
      return { customerId, items, seenAt: new Date().toISOString() };
    },

    order: (_: unknown, { productId, quantity }: { productId: number; quantity: number }, { db }: Context) =>
      db.$transaction(async (tx) => {
        const { count } = await tx.product.updateMany({
          where: { id: productId, stock: { gte: quantity } },
          data: { stock: { decrement: quantity }, ...raised },
        });
        if (count === 0) throw new GraphQLError('There is not enough in stock.');
        return tx.order.create({ data: { productId, quantity } });
      }),
  },
};
