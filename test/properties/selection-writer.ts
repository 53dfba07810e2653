import {
  doTypesOverlap,
  GraphQLBoolean,
  GraphQLNonNull,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';
import type { ArgumentWriter } from './argument-writer.js';
import type { Features } from './features.js';
import { hashOf, type Random } from './seeded-random.js';

/** Lists that hold another type on each type of their parents, and the way to them. */
const LISTS_THAT_VARY: ReadonlySet<string> = new Set(['items', 'folders', 'folder']);

interface Fragment {
  readonly name: string;
  readonly type: GraphQLCompositeType;
  readonly text: string;
  readonly depth: number;
}

export interface SelectionOptions {
  readonly random: Random;
  readonly schema: GraphQLSchema;
  readonly features: Features;
  readonly args: ArgumentWriter;
}

/** Writes selections: aliases, fragments of both kinds, conditions, and fields that merge. */
export class SelectionWriter {
  readonly #options: SelectionOptions;
  readonly #fragments: Fragment[] = [];

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** Adds a named fragment, which may spread those before it. */
  addFragment(depth: number): void {
    const { random, schema } = this.#options;
    const roots: readonly unknown[] = [schema.getQueryType(), schema.getMutationType()];
    const types = Object.values(schema.getTypeMap()).filter(
      (type): type is GraphQLCompositeType =>
        isCompositeType(type) && !type.name.startsWith('__') && !roots.includes(type),
    );
    const type = random.pick(types);
    const name = `F${this.#fragments.length}`;
    const text = `fragment ${name} on ${type.name} ${this.selection(type, depth)}`;
    this.#fragments.push({ name, type, text, depth });
  }

  /** The definitions of the fragments that a text spreads, and of those that they spread. */
  fragmentsUsedBy(text: string): readonly string[] {
    const used = new Set<Fragment>();
    const look = (part: string): void => {
      for (const [, name] of part.matchAll(/\.\.\. (F\d+)/g)) {
        const fragment = this.#fragments.find((one) => one.name === name);
        if (fragment === undefined || used.has(fragment)) continue;
        used.add(fragment);
        look(fragment.text);
      }
    };
    look(text);
    return Array.from(used, (fragment) => fragment.text);
  }

  selection(type: GraphQLCompositeType, depth: number): string {
    const { random } = this.#options;
    const count = 1 + random.below(depth > 2 ? 3 : 4);
    const parts = Array.from({ length: count }, () => this.#part(type, depth));
    if (random.chance(0.15)) parts.push('__typename');
    const written = parts.filter((part) => part !== undefined);
    return `{ ${written.length === 0 ? '__typename' : written.join(' ')} }`;
  }

  #part(type: GraphQLCompositeType, depth: number): string | undefined {
    const { random, features } = this.#options;
    const wantsInline = isAbstractType(type) ? 0.35 : 0.08;
    if (random.chance(wantsInline)) return this.#inline(type, depth);
    if (features.fragments && random.chance(0.25)) {
      const spread = this.#spread(type, depth);
      if (spread !== undefined) return spread;
    }
    return isInterfaceType(type) || isObjectType(type)
      ? this.#field(Object.values(type.getFields()), depth)
      : this.#inline(type, depth);
  }

  #field(all: readonly GraphQLField<unknown, unknown>[], depth: number): string | undefined {
    const { random, args } = this.#options;
    const fields = all.filter((field) => depth > 0 || !isCompositeType(getNamedType(field.type)));
    if (fields.length === 0) return undefined;
    // Where there is depth left, most of what is asked for leads on.
    const leading = fields.filter((field) => isCompositeType(getNamedType(field.type)));
    const toLists = leading.filter(({ name }) => LISTS_THAT_VARY.has(name));
    const field = random.pick(
      toLists.length > 0 && random.chance(0.35)
        ? toLists
        : leading.length > 0 && random.chance(0.5)
          ? leading
          : fields,
    );
    const given = args.argumentsOf(field);
    // The alias tells the arguments, so that no two fields of one name are in each other's way.
    const marks = given === '' ? '' : hashOf(given).toString(36);
    const alias =
      given !== '' || random.chance(0.15) ? `${random.pick(['a', 'b'])}${marks}_${field.name}: ` : '';
    const named = getNamedType(field.type);
    const below = isCompositeType(named) ? ` ${this.selection(named, depth - 1)}` : '';
    return `${alias}${field.name}${given}${this.#condition()}${below}`;
  }

  #inline(type: GraphQLCompositeType, depth: number): string {
    const { random, schema } = this.#options;
    const condition = random.pick(this.#typesOverlapping(schema, type));
    const on = condition === type && random.chance(0.3) ? '' : ` on ${condition.name}`;
    return `...${on}${this.#condition()} ${this.selection(condition, Math.max(0, depth - 1))}`;
  }

  #spread(type: GraphQLCompositeType, depth: number): string | undefined {
    const { random, schema } = this.#options;
    const fitting = this.#fragments.filter(
      (fragment) => fragment.depth <= depth && doTypesOverlap(schema, fragment.type, type),
    );
    return fitting.length === 0 ? undefined : `... ${random.pick(fitting).name}${this.#condition()}`;
  }

  #typesOverlapping(schema: GraphQLSchema, type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    if (isObjectType(type)) return [type, ...type.getInterfaces()];
    const interfaces = Object.values(schema.getTypeMap()).filter(isInterfaceType);
    const overlapping = interfaces.filter((one) => doTypesOverlap(schema, one, type));
    return [type, ...schema.getPossibleTypes(type), ...overlapping];
  }

  #condition(): string {
    const { random, features, args } = this.#options;
    if (!features.conditions || !random.chance(0.08)) return '';
    const value = random.chance(0.6)
      ? args.variable(new GraphQLNonNull(GraphQLBoolean))
      : random.pick(['true', 'false']);
    return ` @${random.pick(['include', 'skip'])}(if: ${value})`;
  }
}
