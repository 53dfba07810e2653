import tseslint from 'typescript-eslint';

/** Few rules, all serious: each has stopped a real outage somewhere. */
export default tseslint.config(
  // The types of these two are global, or made by Prisma: they hold in a project of their own only.
  {
    ignores: [
      '**/dist/**',
      'src/generated/**',
      '.data/**',
      'node_modules/**',
      'examples/shop/**',
      'examples/pothos/**',
    ],
  },
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
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
  { files: ['scripts/**', 'bench/**', 'examples/**', '**/*.js', '**/*.mjs'], rules: { 'no-console': 'off' } },
);
