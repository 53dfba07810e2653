/** What to do when a package that only the demo data needs is missing. */
export const seedMend =
  'The demo data needs the development dependencies: run `npm install` without --omit=dev, or start with a database that has films already.';
