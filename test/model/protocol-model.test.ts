import { describe, expect, it } from 'vitest';
import { flightKey } from '../../src/cache/stampede/flights.js';
import { generationsMatch } from '../../src/cache/coherence/generations.js';
import { explore, type Explored } from './explore.js';
import { protocolModel } from './protocol-model.js';
import { BUILT, type Rules } from './rules.js';
import { entryVariants } from './variants/entries.js';
import type { Variant } from './variants/variant.js';
import { variants } from './variants/variants.js';

/** A counter-example that takes longer to read than this explains nothing. */
const LONGEST_COUNTER_EXAMPLE = 20;

const safe = variants.filter(({ breaks }) => breaks === undefined);
const broken = variants.filter(({ breaks }) => breaks !== undefined);

function explored({ name, rules }: Variant): Explored {
  const startedAtMs = performance.now();
  const found = explore(protocolModel(rules));
  const ms = Math.round(performance.now() - startedAtMs);
  process.stdout.write(`model: ${name}: ${found.verdict}, ${found.states} states, ${ms} ms\n`);
  return found;
}

/** The rules in which two variants differ. */
function differences(one: Rules, other: Rules): readonly string[] {
  const others = new Map<string, unknown>(Object.entries(other));
  return Object.entries(one).flatMap(([rule, value]) => (others.get(rule) === value ? [] : [rule]));
}

describe('the protocol', () => {
  it.each(safe)('shows no reader less than it owes him, in any order of things: $name', (variant) => {
    const { verdict, states, steps } = explored(variant);
    // A violation is told by its steps.
    expect({ verdict, steps }).toEqual({ verdict: 'SAFE', steps: [] });
    expect(states).toBeGreaterThanOrEqual(variant.atLeast ?? Infinity);
  });

  it('is judged by the comparison, and named by the flights, that the engine uses', () => {
    expect(BUILT.matches).toBe(generationsMatch);
    expect(variants.find(({ name }) => name === 'flights')?.rules.flights).toBe(flightKey);
  });

  it('is wrong as soon as hits are not compared', () => {
    const twoTags = variants.find(({ name }) => name === 'two tags');
    const rules = { ...(twoTags?.rules ?? BUILT), matches: () => true };
    expect(explore(protocolModel(rules)).steps).toEqual([
      'at first version 0 is stored',
      'writer 2 commits version 1',
      'writer 2 invalidates the tag and is acknowledged',
      'reader 1 reads entry and generations: a hit, version 0',
    ]);
  });
});

describe('a protocol with one rule broken', () => {
  it.each(broken)('shows a reader less than it owes him: $name', (variant) => {
    const { verdict, steps } = explored(variant);
    expect(verdict).toBe('VIOLATION');
    expect(steps.length).toBeLessThanOrEqual(LONGEST_COUNTER_EXAMPLE);
  });

  it('differs in that rule alone from what it breaks', () => {
    const pairs = broken.flatMap(({ name, rules, breaks = [] }) =>
      breaks.map((whole) => {
        const rulesOfWhole = safe.find((variant) => variant.name === whole)?.rules;
        return { name, whole, differs: rulesOfWhole && differences(rulesOfWhole, rules).length };
      }),
    );
    expect(pairs.filter(({ differs }) => differs !== 1)).toEqual([]);
  });

  it('is there for every safe variant', () => {
    const proven = new Set(broken.flatMap(({ breaks = [] }) => breaks));
    expect(safe.filter(({ name }) => !proven.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

describe('taking states for one that differ by names', () => {
  it.each(entryVariants)('changes no verdict, and no counter-example becomes longer: $name', (variant) => {
    const model = protocolModel({ ...variant.rules, readers: variant.breaks === undefined ? 2 : 3 });
    const asOne = explore(model);
    const apart = explore({ ...model, canonical: () => undefined });
    expect([apart.verdict, apart.steps.length]).toEqual([asOne.verdict, asOne.steps.length]);
    expect(apart.states).toBeGreaterThan(asOne.states);
  });
});
