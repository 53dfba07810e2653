import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';
import type { VariablePlan } from './generate-document.js';
import { literalOf, SAMPLES } from './input-samples.js';
import type { Random } from './seeded-random.js';

interface Declared extends VariablePlan {
  readonly declaration: string;
}

/** Those of the samples that a document can hold. */
const LITERALS = new Map(
  Object.entries(SAMPLES).map(([type, values]) => [
    type,
    values.map(literalOf).filter((text) => text !== undefined),
  ]),
);

/** Writes arguments into a document, and declares the variables that they use. */
export class ArgumentWriter {
  readonly #random: Random;
  readonly #variables = new Map<string, Declared>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** `(id: $v0_ID, n: 2)`, or nothing. */
  argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
    const given = args.filter((argument) => isRequiredArgument(argument) || this.#random.chance(0.65));
    const texts = given.map((argument: GraphQLArgument) => `${argument.name}: ${this.#value(argument.type)}`);
    return texts.length === 0 ? '' : `(${texts.join(', ')})`;
  }

  /** A variable of this type. */
  variable(type: GraphQLInputType): string {
    const slug = String(type).replaceAll('!', 'N').replaceAll('[', 'L').replaceAll(']', '');
    const name = `v${this.#random.below(2)}_${slug}`;
    if (!this.#variables.has(name)) {
      const hasDefault = this.#random.chance(0.4);
      const text = hasDefault ? ` = ${this.literal(type)}` : '';
      this.#variables.set(name, { name, type, hasDefault, declaration: `$${name}: ${String(type)}${text}` });
    }
    return `$${name}`;
  }

  variablesIn(text: string): readonly VariablePlan[] {
    const names = new Set(Array.from(text.matchAll(/\$(\w+)/g), ([, name]) => name));
    return [...this.#variables.values()].filter(({ name }) => names.has(name));
  }

  declarations(variables: readonly VariablePlan[]): string {
    const texts = variables.map(({ name }) => this.#variables.get(name)?.declaration ?? '');
    return texts.length === 0 ? '' : `(${texts.join(', ')})`;
  }

  #value(type: GraphQLInputType): string {
    return this.#random.chance(0.4) ? this.variable(type) : this.literal(type, (inner) => this.#value(inner));
  }

  /** A literal; what is inside of lists and input objects may be something else. */
  literal(type: GraphQLInputType, inside = (inner: GraphQLInputType): string => this.literal(inner)): string {
    const random = this.#random;
    if (isNonNullType(type)) return this.literal(type.ofType, inside).replace(/^null$/, '1');
    if (random.chance(0.08)) return 'null';
    if (isListType(type)) {
      const elements = Array.from({ length: random.below(4) }, () => inside(type.ofType));
      return `[${elements.join(', ')}]`;
    }
    if (isEnumType(type)) return random.pick(type.getValues()).name;
    if (!isInputObjectType(type)) return random.pick(LITERALS.get(type.name) ?? ['null']);
    const fields = Object.values(type.getFields()).filter(
      (field) => isRequiredInputField(field) || random.chance(0.4),
    );
    return `{ ${fields.map((field) => `${field.name}: ${inside(field.type)}`).join(', ')} }`;
  }
}
