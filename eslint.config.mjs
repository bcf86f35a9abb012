import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.data/**', 'coverage/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings are read once, in src/config/app-config.ts.' },
      ],
    },
  },
  {
    files: [
      'src/config/app-config.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
      'sandbox/main.ts',
      'sandbox/demo/**/*.ts',
      'src/cli/**/*.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['ormconfig.ts', '*.mjs', '*.cjs'], rules: { 'no-restricted-exports': 'off' } },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
