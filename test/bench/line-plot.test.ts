import { describe, expect, it } from 'vitest';
import { linePlot, type LinePlot } from '../../bench/scale/line-plot.js';

const plot: LinePlot = {
  title: 'Cost of an <invalidation>',
  x: 'members',
  y: 'µs',
  series: [
    {
      name: 'memory',
      points: [
        { x: 100_000, y: 100, spread: { low: 10, high: 1000 } },
        { x: 1, y: 50, spread: { low: 50, high: 50 } },
      ],
    },
    { name: 'Redis & network', points: [{ x: 1, y: 90, spread: { low: 80, high: 91 } }] },
  ],
};

/** Lines of a series are drawn twice as wide as all else: the path of each. */
function linesIn(svg: string): readonly string[] {
  return [...svg.matchAll(/<path d="([^"]+)" fill="none"[^>]* stroke-width="2"/g)].map(
    ([, path = '']) => path,
  );
}

describe('a plot of lines', () => {
  it('has a line for each series, its name in the legend, and words that cannot end an element', () => {
    const svg = linePlot(plot);
    expect(linesIn(svg)).toHaveLength(2);
    expect(svg).toContain('>memory</text>');
    expect(svg).toContain('>Redis &amp; network</text>');
    expect(svg).toContain('>Cost of an &lt;invalidation&gt;</text>');
    expect(svg).toContain('>members</text>');
  });

  it('draws points by their sizes between the ends of both axes, in equal distances for equal factors, and their spread', () => {
    const svg = linePlot(plot);
    // From the left end to the right one, and to the middle of the height: 100 of 10 to 1,000.
    expect(linesIn(svg)[0]).toMatch(/^M72 [\d.]+L616 194$/);
    expect(svg).toContain('<path d="M616 348L616 40"');
  });

  it('refuses a point that an axis with equal factors has no place for', () => {
    const point = { x: 0, y: 1, spread: { low: 1, high: 1 } };
    const zero = { ...plot, series: [{ name: 'zero', points: [point] }] };
    expect(() => linePlot(zero)).toThrow('values on the axis "members" must be above 0, but one is 0');
    const low = {
      ...plot,
      series: [{ name: 'low', points: [{ ...point, x: 1, spread: { low: 0, high: 1 } }] }],
    };
    expect(() => linePlot(low)).toThrow('values on the axis "µs" must be above 0, but one is 0');
    expect(() => linePlot({ ...plot, series: [] })).toThrow('the axis "members" must have a value');
  });
});
