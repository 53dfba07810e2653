import {
  defaultTypeResolver,
  GraphQLError,
  isObjectType,
  type ExecutionResult,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import type { MaybePromise } from '../maybe-promise.js';
import { afterHops } from './after-hops.js';
import { inspected } from './inspected.js';
import { addPath, type Path } from './path.js';
import { isPlain } from './plain-leaf.js';
import type { AbstractShape, FieldPlan, ObjectPlan, ObjectShape, TypePlan } from './plan.js';
import { fieldPath, type Run } from './run.js';
import { isNativePromise, isThenable } from './thenable.js';
import { Foreign, Frame, ListFrame, ObjectFrame, Slot, Unfinished } from './unfinished.js';

type Results = Record<string, unknown>;

/** Answers a query by its plan: with a value where no resolver has returned a promise. */
export function executePlan(run: Run, plan: ObjectPlan, rootValue: unknown): MaybePromise<ExecutionResult> {
  let data: Results | Frame;
  try {
    data = executeFields(run, plan, rootValue, undefined);
  } catch (error) {
    run.voidRoot(error);
    return run.answer(null);
  }
  if (!(data instanceof Frame)) return run.answer(data);
  const frame = data;
  return new Promise((resolve) => {
    const failed = (error: unknown): void => {
      run.voidRoot(error);
      resolve(run.answer(null));
    };
    frame.tell({ done: (value) => resolve(run.answer(isRecord(value) ? value : null)), failed }, 1);
  });
}

function executeFields(run: Run, plan: ObjectPlan, source: unknown, path: Path | undefined): Results | Frame {
  // Made so, it has no prototype, as that of graphql-js, but stays an object of the fast kind: JSON takes half the time.
  const results: Results = Object.setPrototypeOf({}, null);
  const parent: Parent = { source, properties: isRecord(source) ? source : undefined, path };
  let frame: ObjectFrame | undefined;
  for (const field of plan.fields) {
    let completed: unknown;
    try {
      completed = executeField(run, field, parent);
    } catch (error) {
      if (frame === undefined) throw error;
      return frame.failWhenOthersEnd(error);
    }
    if (completed instanceof Unfinished) {
      // Its place among the others.
      results[field.responseName] = undefined;
      frame ??= new ObjectFrame(run, path, results);
      frame.add(completed, field.responseName, field, field.type);
    } else if (completed !== undefined) results[field.responseName] = completed;
  }
  return frame === undefined ? results : frame.close();
}

/** The object whose fields are resolved. */
interface Parent {
  readonly source: unknown;
  /** The same, where properties can be read from it. */
  readonly properties: Results | undefined;
  readonly path: Path | undefined;
}

function executeField(run: Run, field: FieldPlan, parent: Parent): unknown {
  let path: Path | undefined;
  try {
    if (field.kind === 'typename') return field.parentName;
    if (field.kind === 'property') {
      const value = parent.properties?.[field.name];
      if (isPlain(field.plain, value)) return value;
      if (value == null && !field.type.isNonNull) return null;
      path = fieldPath(field, parent.path);
      const result = typeof value === 'function' ? callMethod(run, field, parent, path) : value;
      return completeResult(run, { field, info: undefined }, path, result);
    }
    path = fieldPath(field, parent.path);
    return executeCall(run, field, parent, path);
  } catch (error) {
    run.voidField(error, field, field.type, path ?? fieldPath(field, parent.path));
    return null;
  }
}

/** A field with a resolver or arguments, or one that is no plain leaf. */
function executeCall(run: Run, field: FieldPlan, parent: Parent, path: Path): unknown {
  const info = field.needsInfo ? run.infoOf(field, path) : undefined;
  const { resolve } = field;
  if (resolve !== undefined && info !== undefined) {
    const result: unknown = resolve(parent.source, run.argumentsOf(field), run.contextValue, info);
    return completeResult(run, { field, info }, path, result);
  }
  // Coerced even where no code looks at them, as they may be wrong.
  const args = field.args === 'none' ? undefined : run.argumentsOf(field);
  const value = parent.properties?.[field.name];
  const result = typeof value === 'function' ? callMethod(run, field, parent, path, { args, info }) : value;
  return completeResult(run, { field, info }, path, result);
}

/** What the default resolver does with a property that is a function: it is read once more. */
function callMethod(
  run: Run,
  field: FieldPlan,
  { properties = {} }: Parent,
  path: Path,
  { args = {}, info }: { readonly args?: Results | undefined; readonly info?: Site['info'] } = {},
): unknown {
  const method = properties[field.name];
  if (typeof method !== 'function') throw new TypeError('source[info.fieldName] is not a function');
  return Reflect.apply(method, properties, [args, run.contextValue, info ?? run.infoOf(field, path)]);
}

/** The field that a value is completed for, and its `info` where code may ask for it. */
interface Site {
  readonly field: FieldPlan;
  readonly info: GraphQLResolveInfo | undefined;
}

function completeResult(run: Run, site: Site, path: Path, result: unknown): unknown {
  const { type } = site.field;
  if (isThenable(result)) return promised(run, site, type, path, result);
  const completed = complete(run, site, type, path, result);
  return completed instanceof Foreign ? guarded(run, site, type, path, completed.promise) : completed;
}

/** Handles the errors of what only its `then` is known of. */
function guarded(
  run: Run,
  { field }: Site,
  type: TypePlan,
  path: Path | undefined,
  promise: unknown,
): unknown {
  if (!isThenable(promise)) return promise;
  const handled: unknown = promise.then(undefined, (error: unknown) => {
    run.voidField(error, field, type, path);
    return null;
  });
  return isThenable(handled) ? new Foreign(handled) : handled;
}

function promised(run: Run, site: Site, type: TypePlan, path: Path, promise: PromiseLike<unknown>): unknown {
  if (isNativePromise(promise)) {
    const slot = new PromisedSlot(run, site, type, path);
    void promise.then(
      (value) => slot.fulfilled(value),
      (error: unknown) => slot.rejected(error),
    );
    return slot;
  }
  const completed: unknown = promise.then((value) => settled(complete(run, site, type, path, value)));
  return guarded(run, site, type, path, completed);
}

/** A part that is promised: it takes one step to complete it, and in graphql-js one more until its errors are told. */
class PromisedSlot extends Slot {
  readonly #site: Site;
  readonly #place: Path;

  constructor(run: Run, site: Site, type: TypePlan, path: Path) {
    super(run, site.field, type, path);
    this.#site = site;
    this.#place = path;
  }

  fulfilled(value: unknown): void {
    let completed: unknown;
    try {
      completed = complete(this.run, this.#site, this.type, this.#place, value);
    } catch (error) {
      this.rejected(error);
      return;
    }
    if (!(completed instanceof Unfinished)) {
      if (this.run.isExact) afterHops(1, () => this.done(completed));
      else this.done(completed);
    } else if (completed instanceof Frame) completed.tell(this, 2);
    else {
      void new Promise((resolve) => resolve(settled(completed))).then(
        (late) => this.done(late),
        (error: unknown) => this.failed(error),
      );
    }
  }

  rejected(error: unknown): void {
    afterHops(1, () => this.failed(error));
  }
}

/** What a callback of a promise may return. */
function settled(completed: unknown): unknown {
  if (completed instanceof Foreign) return completed.promise;
  if (!(completed instanceof Frame)) return completed;
  return new Promise((done, failed) => completed.tell({ done, failed }, 0));
}

function complete(run: Run, site: Site, type: TypePlan, path: Path, value: unknown): unknown {
  if (value instanceof Error) throw value;
  if (value === null || value === undefined) {
    if (!type.isNonNull) return null;
    const { parentName, name } = site.field;
    throw new Error(`Cannot return null for non-nullable field ${parentName}.${name}.`);
  }
  const { shape } = type;
  switch (shape.kind) {
    case 'leaf':
      return isPlain(shape.plain, value) ? value : completeLeaf(shape.type, shape.mayWait, value);
    case 'list':
      return completeList(run, site, shape.item, path, value);
    case 'object':
      return completeObject(run, site, shape, path, value);
    case 'abstract':
      return completeAbstract(run, site, shape, path, value);
  }
}

function completeLeaf(type: GraphQLLeafType, mayWait: boolean, value: unknown): unknown {
  const serialized: unknown = type.serialize(value);
  if (serialized === null || serialized === undefined) {
    throw new Error(
      `Expected \`${inspected(type)}.serialize(${inspected(value)})\` to ` +
        `return non-nullable value, returned: ${inspected(serialized)}`,
    );
  }
  return mayWait && isThenable(serialized) ? new Foreign(serialized) : serialized;
}

const valuesOfArray: unknown = Array.prototype[Symbol.iterator];

function completeList(run: Run, site: Site, item: TypePlan, path: Path, value: unknown): unknown {
  if (!isIterable(value)) {
    const { parentName, name } = site.field;
    throw new GraphQLError(`Expected Iterable, but did not find one for field "${parentName}.${name}".`);
  }
  const elements: unknown[] = [];
  let frame: ListFrame | undefined;
  const add = (element: unknown, index: number): void => {
    const completed = completeElement(run, site, item, addPath(path, index, undefined), element);
    if (completed instanceof Unfinished) {
      elements[index] = undefined;
      frame ??= new ListFrame(run, path, elements);
      frame.add(completed, index, site.field, item);
    } else elements[index] = completed;
  };
  try {
    if (Array.isArray(value) && value[Symbol.iterator] === valuesOfArray) {
      // Its length is asked each time, as its iterator does: a resolver may change it.
      for (let index = 0; index < value.length; index += 1) add(value[index], index);
    } else Array.from(value, add);
  } catch (error) {
    frame?.abandon();
    throw error;
  }
  return frame === undefined ? elements : frame.close();
}

function completeElement(run: Run, site: Site, type: TypePlan, path: Path, element: unknown): unknown {
  try {
    if (isThenable(element)) return promised(run, site, type, path, element);
    const completed = complete(run, site, type, path, element);
    return completed instanceof Foreign ? guarded(run, site, type, path, completed.promise) : completed;
  } catch (error) {
    run.voidField(error, site.field, type, path);
    return null;
  }
}

function completeObject(run: Run, site: Site, shape: ObjectShape, path: Path, value: unknown): unknown {
  const { type } = shape;
  const plan = run.compiler.planOf(shape);
  if (type.isTypeOf != null && site.info !== undefined) {
    const isTypeOf = type.isTypeOf(value, run.contextValue, site.info);
    const go = (is: boolean): unknown => {
      if (is) return executeFields(run, plan, value, path);
      throw new GraphQLError(`Expected value of type "${type.name}" but got: ${inspected(value)}.`, {
        nodes: run.nodesOf(site.field),
      });
    };
    if (!isThenable(isTypeOf)) return go(isTypeOf);
    return new Foreign(isTypeOf.then((is) => settled(go(is))));
  }
  return executeFields(run, plan, value, path);
}

function completeAbstract(run: Run, site: Site, shape: AbstractShape, path: Path, value: unknown): unknown {
  const go = (name: unknown): unknown =>
    completeObject(run, site, shapeOf(run, site, shape, name, value), path, value);
  if (shape.isToldByName || site.info === undefined) return go(nameIn(value));
  const { resolveType } = shape.type;
  const name: unknown = (resolveType ?? defaultTypeResolver)(value, run.contextValue, site.info, shape.type);
  if (!isThenable(name)) return go(name);
  return new Foreign(name.then((late) => settled(go(late))));
}

function nameIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const { __typename: name }: { readonly __typename?: unknown } = value;
  return typeof name === 'string' ? name : undefined;
}

function shapeOf(run: Run, site: Site, shape: AbstractShape, name: unknown, value: unknown): ObjectShape {
  const known = typeof name === 'string' ? shape.shapes.get(name) : undefined;
  if (known !== undefined) return known;
  const type = validType(run, site, shape, name, value);
  const made: ObjectShape = { kind: 'object', type, nodes: shape.nodes, plan: undefined };
  shape.shapes.set(type.name, made);
  return made;
}

/** @throws GraphQLError in the words of graphql-js where a name is none of a possible type. */
function validType(
  run: Run,
  { field }: Site,
  { type: { name: abstract }, type: abstractType }: AbstractShape,
  name: unknown,
  value: unknown,
): GraphQLObjectType {
  const coordinate = `${field.parentName}.${field.name}`;
  const options = { nodes: run.nodesOf(field) };
  if (name === null || name === undefined) {
    throw new GraphQLError(
      `Abstract type "${abstract}" must resolve to an Object type at runtime for field "${coordinate}". Either the "${abstract}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`,
      options,
    );
  }
  if (isObjectType(name)) {
    throw new GraphQLError(
      'Support for returning GraphQLObjectType from resolveType was removed in graphql-js@16.0.0 please return type name instead.',
    );
  }
  if (typeof name !== 'string') {
    throw new GraphQLError(
      `Abstract type "${abstract}" must resolve to an Object type at runtime for field "${coordinate}" with ` +
        `value ${inspected(value)}, received "${inspected(name)}".`,
    );
  }
  const type = run.schema.getType(name);
  if (type === undefined) {
    throw new GraphQLError(
      `Abstract type "${abstract}" was resolved to a type "${name}" that does not exist inside the schema.`,
      options,
    );
  }
  if (!isObjectType(type)) {
    throw new GraphQLError(
      `Abstract type "${abstract}" was resolved to a non-object type "${name}".`,
      options,
    );
  }
  if (!run.schema.isSubType(abstractType, type)) {
    throw new GraphQLError(
      `Runtime Object type "${type.name}" is not a possible type for "${abstract}".`,
      options,
    );
  }
  return type;
}

function isRecord(value: unknown): value is Results {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const { [Symbol.iterator]: iterator }: { readonly [Symbol.iterator]?: unknown } = value;
  return typeof iterator === 'function';
}
