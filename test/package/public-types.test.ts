import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/start/package-root.js';

const engine = path.join(packageRoot, 'src', 'cache');
const doors = [
  '.',
  'admin',
  'advise',
  'apollo',
  'dashboard',
  'diagnostics',
  'execution',
  'mercurius',
  'opentelemetry',
  'pothos',
  'postgres',
  'prometheus',
  'redis',
  'testing',
  'types',
  'yoga',
].map((door) => path.join(engine, door, 'index.ts'));

/** Types of the engine that the declarations of what a program's doors export name, and that no door exports. */
function unreachableTypes(program: ts.Program, entries: readonly string[]): string[] {
  const checker = program.getTypeChecker();
  const original = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(
    entries.flatMap((entry) => {
      const source = program.getSourceFile(entry);
      const module = source && checker.getSymbolAtLocation(source);
      return module === undefined ? [] : checker.getExportsOfModule(module).map(original);
    }),
  );
  const missing = new Set<string>();
  const visit = (owner: string, node: ts.Node): void => {
    // What only the engine sees: bodies, values, private members.
    if (ts.isBlock(node) || ts.isPrivateIdentifier(node)) return;
    if (ts.isPropertyDeclaration(node) && ts.isPrivateIdentifier(node.name)) return;
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
      const found = checker.getSymbolAtLocation(name);
      const symbol = found && original(found);
      if (symbol !== undefined && isOfEngine(symbol) && !exported.has(symbol)) {
        missing.add(`${symbol.name}, which ${owner} names`);
      }
    }
    ts.forEachChild(node, (child) => visit(owner, child));
  };
  for (const symbol of exported) {
    for (const declaration of symbol.declarations ?? []) {
      // The value of a constant is inferred; what a public type says stands in types.
      if (!ts.isVariableDeclaration(declaration)) visit(symbol.name, declaration);
    }
  }
  return [...missing].sort();
}

/** A named type of the engine, and no type parameter. */
function isOfEngine(symbol: ts.Symbol): boolean {
  if (symbol.flags & ts.SymbolFlags.TypeParameter) return false;
  return (
    symbol.declarations?.some((declaration) => declaration.getSourceFile().fileName.startsWith(engine)) ??
    false
  );
}

function programOf(entries: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile(path.join(packageRoot, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: [] },
    ts.sys,
    packageRoot,
  );
  return ts.createProgram(entries, options);
}

/** It is large, and all that is asked of it here stands in it. */
const program = programOf(doors);

describe('the doors of the package', () => {
  it('export every type that what they export names', () => {
    expect(unreachableTypes(program, doors)).toEqual([]);
  });

  it('are small: the main one has no more than 28 names', () => {
    const [main = ''] = doors;
    const source = program.getSourceFile(main);
    const symbol = source && program.getTypeChecker().getSymbolAtLocation(source);
    const names = symbol === undefined ? [] : program.getTypeChecker().getExportsOfModule(symbol);
    expect(names.length).toBeGreaterThan(20);
    expect(names.length).toBeLessThanOrEqual(28);
  });

  it('would miss the types of other rooms behind a door that exports its own only', () => {
    const redis = [path.join(engine, 'redis', 'journal', 'redis-journal.ts')];
    expect(unreachableTypes(program, redis)).toContain('Journal, which redisJournal names');
  });
});
