import type { FieldNode, GraphQLOutputType, GraphQLResolveInfo } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type * as Places from '../../src/cache/directives/foreseen-places.js';
import type * as LookAheads from '../../src/cache/directives/look-ahead.js';
import type * as DefaultKeys from '../../src/cache/keys/default-key.js';
import type * as VariantPlaces from '../../src/cache/keys/variant-place.js';
import { checkGeneratedSchemas, type Report } from './check-generated-schemas.js';

const planted = vi.hoisted(() => ({
  keysWithoutViewer: false,
  keysWithoutVariant: false,
  nodesWithoutType: false,
  aheadForAnyCall: false,
}));

vi.mock('../../src/cache/keys/default-key.js', async (importOriginal) => {
  const original = await importOriginal<typeof DefaultKeys>();
  const defaultKey: typeof DefaultKeys.defaultKey = (parts) =>
    original.defaultKey(planted.keysWithoutViewer ? { ...parts, viewerId: undefined } : parts);
  return { ...original, defaultKey };
});

vi.mock('../../src/cache/keys/variant-place.js', async (importOriginal) => {
  const original = await importOriginal<typeof VariantPlaces>();
  /** Drops the variant from default keys, which hold a parenthesis. */
  const variantPlace: typeof VariantPlaces.variantPlace = (parts) => {
    const place = original.variantPlace(parts);
    if (!planted.keysWithoutVariant || !parts.row.includes('(')) return place;
    return { ...original.variantPlace({ ...parts, variant: undefined }) };
  };
  return { ...original, variantPlace };
});

vi.mock('../../src/cache/directives/look-ahead.js', async (importOriginal) => {
  const { LookAhead } = await importOriginal<typeof LookAheads>();
  /** Takes what it has learned of a syntax node for true on every type on which the node is executed. */
  class LookAheadByNode extends LookAhead {
    readonly #types = new WeakMap<FieldNode, GraphQLOutputType>();

    override handOn(list: unknown, context: unknown, info: GraphQLResolveInfo): unknown {
      const [node] = info.fieldNodes;
      if (!planted.nodesWithoutType || node === undefined) return super.handOn(list, context, info);
      const returnType = this.#types.get(node) ?? info.returnType;
      this.#types.set(node, returnType);
      return super.handOn(list, context, { ...info, returnType });
    }
  }
  return { LookAhead: LookAheadByNode };
});

vi.mock('../../src/cache/directives/foreseen-places.js', async (importOriginal) => {
  const { ForeseenPlaces } = await importOriginal<typeof Places>();
  /** Gives what was read ahead to any call at the same place. */
  class PlacesForAnyCall extends ForeseenPlaces {
    override placeFor(...given: Parameters<Places.ForeseenPlaces['placeFor']>) {
      return planted.aheadForAnyCall ? this.places[given[1]] : super.placeFor(...given);
    }
  }
  return { ForeseenPlaces: PlacesForAnyCall };
});

const SEEDS = [1, 1001, 2001];
const CASES = 3000;
/** What finds other faults than the planted ones is switched off, so that a difference is theirs. */
const features = {
  mutatingResolvers: 'none',
  jsonKeys: false,
  contextMethods: false,
  forgetfulFields: false,
  codeAround: false,
} as const;

function find(
  seed: number,
  more: Parameters<typeof checkGeneratedSchemas>[0]['features'] = {},
): Promise<Report> {
  const cases = CASES;
  return checkGeneratedSchemas({ seed, cases, features: { ...features, ...more }, shrinks: false });
}

function say(fault: string, seed: number, { cases, schemas }: Report): void {
  process.stderr.write(`\n${fault}: found from seed ${seed} after ${cases} executions, ${schemas} schemas\n`);
}

describe('generated schemas find a cache', () => {
  afterEach(() => {
    planted.keysWithoutViewer = false;
    planted.keysWithoutVariant = false;
    planted.nodesWithoutType = false;
    planted.aheadForAnyCall = false;
  });

  it.each(SEEDS)('whose default keys do not name the viewer, from seed %i', async (seed) => {
    planted.keysWithoutViewer = true;
    const report = await find(seed, { covariantLists: false });
    say('no viewer in default keys', seed, report);
    expect(report.difference).toMatch(/with the cache/);
  });

  it.each(SEEDS)('whose default keys do not name what fields vary by, from seed %i', async (seed) => {
    planted.keysWithoutVariant = true;
    const report = await find(seed);
    say('no variant in default keys', seed, report);
    expect(report.difference).toMatch(/with the cache/);
  });

  // Once reads that were located for another policy are refused, production is safe from this fault; test throws aloud.
  it.each(SEEDS)('that reads ahead for the type of another list, from seed %i', async (seed) => {
    planted.nodesWithoutType = true;
    const report = await find(seed);
    say('no type beside the syntax node', seed, report);
    expect(report.difference).toMatch(/with the cache/);
  });

  it.each([1001, 5001])('that gives what was read ahead to any call, from seed %i', async (seed) => {
    planted.aheadForAnyCall = true;
    const report = await find(seed, { codeAround: true });
    say('read ahead for any call', seed, report);
    expect(report.difference).toMatch(/with the cache/);
  });

  it('and find nothing where no fault is planted', { timeout: 120_000 }, async () => {
    const report = await find(1, { codeAround: true });
    if (report.difference !== undefined) expect.fail(report.difference);
  });
});
