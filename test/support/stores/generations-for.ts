export { generationsFor, leaseRequest } from '../../../src/cache/testing/store/tested-store.js';
