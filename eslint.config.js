import tseslint from 'typescript-eslint';

const timersOfNode = ['setTimeout', 'setInterval'];
const useTheClock = 'Take the clock, or what src/cache/time/ makes of it: within, pause, LoopTime.';

/** Few rules, all serious: each has stopped a real outage somewhere. */
export default tseslint.config(
  // The types of these two are global, or made by Prisma: they hold in a project of their own only.
  {
    ignores: [
      '**/dist/**',
      'src/generated/**',
      'src/cache/dashboard/page-files.ts',
      '.data/**',
      'node_modules/**',
      'examples/shop/**',
      'examples/pothos/**',
      'bench/peers/**',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ['./tsconfig.json', './src/cache/dashboard/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: true } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      'no-empty': 'error',
      'no-console': 'error',
    },
  },
  {
    // Time comes from src/cache/time/, so that a test can own it, and no timer is left behind.
    files: ['src/cache/**/*.ts'],
    ignores: ['src/cache/time/**', 'src/cache/testing/**', 'src/cache/dashboard/page/**'],
    rules: {
      'no-restricted-globals': ['error', ...timersOfNode.map((name) => ({ name, message: useTheClock }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: useTheClock },
        ...timersOfNode.map((property) => ({ object: 'globalThis', property, message: useTheClock })),
      ],
      'no-restricted-imports': [
        'error',
        ...['node:timers', 'timers', 'node:timers/promises', 'timers/promises'].map((name) => ({
          name,
          message: useTheClock,
        })),
      ],
    },
  },
  { files: ['scripts/**', 'bench/**', 'examples/**', '**/*.js', '**/*.mjs'], rules: { 'no-console': 'off' } },
);
