/** The only seeded users who can sign in: one per role, with ids 1 to 3. For development, where the log names them. */
export const demoAccounts = [
  { email: 'member@corral.example', displayName: 'Mira Member', role: 'MEMBER', password: 'corral-demo' },
  { email: 'editor@corral.example', displayName: 'Edgar Editor', role: 'EDITOR', password: 'corral-demo' },
  { email: 'admin@corral.example', displayName: 'Ada Admin', role: 'ADMIN', password: 'corral-demo' },
] as const;
