import { useState } from 'preact/hooks';
import type { FieldReport } from '../../report/cache-report.js';
import { bytes, count, duration, milliseconds, percent } from './format.js';

interface Column {
  readonly name: string;
  readonly of: (field: FieldReport) => number | null | undefined;
  readonly write: (value: number | null | undefined) => string;
}

const columns: readonly Column[] = [
  { name: 'Reads', of: ({ requests }) => requests, write: count },
  { name: 'Hit rate', of: ({ hitRate }) => hitRate, write: percent },
  { name: 'Hits, p95', of: ({ hitMs }) => hitMs.p95, write: milliseconds },
  { name: 'Loads', of: ({ loads }) => loads, write: count },
  { name: 'Loads, p95', of: ({ loadMs }) => loadMs.p95, write: milliseconds },
  { name: 'Failed', of: ({ failedLoads }) => failedLoads, write: count },
  { name: 'Time saved', of: ({ savedMs }) => savedMs, write: duration },
  { name: 'Entries', of: ({ held }) => held?.entries, write: count },
  { name: 'Memory', of: ({ held }) => held?.bytes, write: bytes },
  { name: 'ttl', of: ({ ttl }) => (ttl === undefined ? undefined : ttl * 1000), write: duration },
];

interface Order {
  /** The name of a column, or `Field`. */
  readonly by: string;
  readonly isRising: boolean;
}

/** What was counted of each field, in the order that the person chooses. */
export function FieldsTable({
  fields,
  leftOut,
}: {
  readonly fields: readonly FieldReport[];
  readonly leftOut: number;
}) {
  const [order, setOrder] = useState<Order>({ by: 'Reads', isRising: false });
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const shown = fields.filter(({ coordinate, pattern = '' }) =>
    `${coordinate} ${pattern}`.toLowerCase().includes(wanted),
  );
  const choose = (by: string): void =>
    // Names begin with A, figures with the highest.
    setOrder(order.by === by ? { by, isRising: !order.isRising } : { by, isRising: by === 'Field' });
  return (
    <section class="card" aria-labelledby="fields">
      <div class="heading">
        <h2 id="fields">Fields</h2>
        <label class="filter">
          <span class="hidden">Show fields whose name contains</span>
          <input
            type="search"
            placeholder="Filter fields"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="fields">
        <table class="fields">
          <thead>
            <tr>
              {['Field', ...columns.map(({ name }) => name)].map((name) => (
                <th
                  key={name}
                  scope="col"
                  class={name === 'Field' ? 'first' : 'number'}
                  aria-sort={order.by !== name ? 'none' : order.isRising ? 'ascending' : 'descending'}
                >
                  <button type="button" onClick={() => choose(name)}>
                    {name}
                    <span aria-hidden="true" class="arrow">
                      {order.by !== name ? '' : order.isRising ? '▲' : '▼'}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted(shown, order).map((field) => (
              <tr key={field.coordinate}>
                <th scope="row" class="first">
                  <code>{field.coordinate}</code>
                  {field.pattern !== undefined && <span class="chip">{field.pattern}</span>}
                </th>
                {columns.map(({ name, of, write }) => (
                  <td key={name} class="number">
                    {name === 'Hit rate' && field.hitRate !== null && <Bar share={field.hitRate} />}
                    {write(of(field))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p class="empty">No field has this in its name.</p>}
      {leftOut > 0 && (
        <p class="quiet">{leftOut} fields with fewer reads are not shown; the report has all.</p>
      )}
    </section>
  );
}

function Bar({ share }: { readonly share: number }) {
  return <meter class="bar" min={0} max={1} value={share} aria-hidden="true" />;
}

function sorted(fields: readonly FieldReport[], { by, isRising }: Order): readonly FieldReport[] {
  const column = columns.find(({ name }) => name === by);
  const compare = (one: FieldReport, other: FieldReport): number =>
    column === undefined
      ? one.coordinate.localeCompare(other.coordinate)
      : (column.of(one) ?? -1) - (column.of(other) ?? -1);
  return fields.toSorted((one, other) => (isRising ? compare(one, other) : compare(other, one)));
}
