import { useState } from 'preact/hooks';
import type { Point } from '../messages.js';
import type { Series } from './chart-options.js';
import { timeOfDay } from './format.js';

interface ChartTableProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly points: readonly Point[];
  readonly write: (value: number | null) => string;
}

const MINUTE_MS = 60_000;

/** The values of a chart, the last of each minute, the newest first. */
export function ChartTable({ title, series, points, write }: ChartTableProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {byMinute(points).map((point) => (
                <tr key={Math.floor(point.atMs / MINUTE_MS)}>
                  <th scope="row">{timeOfDay(point.atMs)}</th>
                  {series.map(({ name, of }) => (
                    <td key={name} class="number">
                      {write(of(point))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function byMinute(points: readonly Point[]): readonly Point[] {
  const last = new Map(points.map((point) => [Math.floor(point.atMs / MINUTE_MS), point]));
  return [...last.values()].reverse();
}
