/** The doors of the package that load no package of others, at once, for the code and the tests of this repository. Other projects have them one by one. */
export * from './doors/main.js';
export * from './doors/apollo.js';
export * from './doors/redis.js';
