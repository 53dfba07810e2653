import type { StoreReport } from '../../report/cache-report.js';
import { Fact } from './fact.js';
import { bytes, count, milliseconds, percent } from './format.js';

/** How the store is. */
export function StoreFigures({ store }: { readonly store: StoreReport }) {
  return (
    <section class="card" aria-labelledby="store">
      <h2 id="store">Store</h2>
      <dl class="facts">
        <Fact name="Kind" value={store.isAway ? `${store.name}, away` : store.name} isBad={store.isAway} />
        <Fact name="Round trip now" value={milliseconds(store.roundTripMs)} />
        <Fact name="Round trips, p95" value={milliseconds(store.roundTrips.p95)} />
        <Fact name="Hit rate of the server" value={percent(store.serverHitRate)} />
        <Fact name="Evictions" value={count(store.evictions)} />
        <Fact name="Leaves first" value={store.evictionPolicy ?? '–'} />
        <Fact name="In use" value={bytes(store.usedBytes)} />
        <Fact name="Bound" value={store.maxBytes === 0 ? 'none' : bytes(store.maxBytes)} />
      </dl>
    </section>
  );
}
