/** `graphql-corral/advise`: sentences about what the counters of a cache show, such as which `ttl` could be longer. */
export { adviseOn, type Advice, type FieldFigures } from './advice.js';
