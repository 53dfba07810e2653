import type { Faker } from '@faker-js/faker';
import { demoAccounts } from './demo-accounts.js';
import { momentBetween, type RowTimes, seedEnd, seedStart, unchangedSince } from './seed-clock.js';

export const userCount = 2_000;

export interface UserRow extends RowTimes {
  readonly id: number;
  readonly email: string;
  readonly displayName: string;
  readonly bio: string | null;
  readonly role: 'MEMBER' | 'EDITOR' | 'ADMIN';
}

/** The demo accounts, then people who never existed. E-mails come from the index, because names repeat. */
export function userRows(faker: Faker): UserRow[] {
  return Array.from({ length: userCount }, (_, index) => {
    const account = demoAccounts[index];
    const person = generatedUser(faker, index + 1);
    return account === undefined
      ? person
      : { ...person, email: account.email, displayName: account.displayName, role: account.role };
  });
}

function generatedUser(faker: Faker, id: number): UserRow {
  return {
    id,
    email: `user${String(id).padStart(4, '0')}@corral.example`,
    displayName: faker.person.fullName(),
    bio: faker.datatype.boolean(0.4) ? faker.person.bio() : null,
    role: 'MEMBER',
    ...unchangedSince(momentBetween(seedStart, seedEnd, faker.number.float({ max: 0.9 }))),
  };
}
