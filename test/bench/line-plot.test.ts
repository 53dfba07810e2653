import { describe, expect, it } from 'vitest';
import { axisOf } from '../../bench/plots/axis.js';
import { linePlot, type LinePlot } from '../../bench/plots/line-plot.js';

const plot: LinePlot = {
  title: 'Cost of an <invalidation>',
  x: { label: 'members', isLog: true },
  y: { label: 'µs' },
  series: [
    {
      name: 'memory',
      points: [
        { x: 1, y: 50 },
        { x: 100_000, y: 52, spread: { low: 40, high: 61 } },
      ],
    },
    { name: 'Redis & network', points: [{ x: 1, y: 90 }] },
  ],
};

describe('a plot of lines', () => {
  it('has a line for each series, its name in the legend, and words that cannot end an element', () => {
    const svg = linePlot(plot);
    expect(svg.match(/<polyline /g)).toHaveLength(2);
    expect(svg).toContain('>memory</text>');
    expect(svg).toContain('>Redis &amp; network</text>');
    expect(svg).toContain('<title>Cost of an &lt;invalidation&gt;</title>');
  });

  it('draws points between the ends of both axes, and the spread of those that have one', () => {
    const svg = linePlot(plot);
    // The 100 of the vertical axis is above both; members go from one end to the other.
    expect(svg).toContain('points="72,172 624,166.6"');
    expect(svg).toContain('M624 199.2V142.1');
  });

  it('refuses a point that an axis with equal factors has no place for', () => {
    const zero = { ...plot, series: [{ name: 'zero', points: [{ x: 0, y: 1 }] }] };
    expect(() => linePlot(zero)).toThrow('values on the axis "members" must be above 0, but one is 0');
    expect(() => linePlot({ ...plot, series: [] })).toThrow('the axis "members" must have a value');
  });
});

describe('an axis', () => {
  it('ends at round values, whatever its own values are', () => {
    expect(axisOf({ label: '' }, [3, 61]).ticks).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
    expect(axisOf({ label: '' }, [0.37]).ticks).toEqual([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]);
    expect(axisOf({ label: '', isLog: true }, [3, 61]).ticks).toEqual([2, 5, 10, 20, 50, 100]);
    expect(axisOf({ label: '', isLog: true }, [1000, 1e6]).ticks).toEqual([1e3, 1e4, 1e5, 1e6]);
    expect(axisOf({ label: '', isLog: true }, [7]).ticks).toEqual([5, 10]);
    expect(axisOf({ label: '', isLog: true }, [10]).ticks).toEqual([10, 20]);
  });

  it('has equal distances for equal factors, or for equal differences', () => {
    const log = axisOf({ label: '', isLog: true }, [1, 10_000]);
    expect([1, 100, 10_000].map(log.placeOf)).toEqual([0, 0.5, 1]);
    const linear = axisOf({ label: '' }, [0, 100]);
    expect([0, 25, 100].map(linear.placeOf)).toEqual([0, 0.25, 1]);
  });
});
