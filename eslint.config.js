// Rules about meaning only: formatting is prettier's.
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Name every export.',
}

const noForAwait = {
  selector: 'ForOfStatement[await=true]',
  message: 'Some engines cannot iterate a ReadableStream: take a reader.',
}

const noNodeImports = {
  group: ['node:*'],
  message: 'lib runs in browsers too: only lib/platform reaches the runtime, by process.getBuiltinModule.',
}

export default defineConfig(
  globalIgnores(['dist', '.build', 'docs/api']),
  {
    files: ['**/*.ts', '**/*.js'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.spec.json'], tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-empty': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'eqeqeq': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'off', // A stream errors with whatever reason its user gave.
      '@typescript-eslint/require-await': 'off', // An interface may ask for a promise.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/unbound-method': 'off', // chai's and mocha's functions need no `this`, and ours that need one are bound.
    },
  },
  {
    files: ['lib/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', noDefaultExport, noForAwait],
      'no-restricted-imports': ['error', { patterns: [noNodeImports] }],
      'no-restricted-globals': ['error', { name: 'Buffer', message: 'lib runs in browsers too: use Uint8Array.' }],
    },
  },
  {
    // Fronts for Node's own interfaces are of Node's own types.
    files: ['lib/node/**', 'lib/cli/**'],
    rules: {
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ ...noNodeImports, allowTypeImports: true }] },
      ],
    },
  },
  {
    files: ['lib/platform/**'],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    files: ['spec/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noDefaultExport,
        {
          selector: 'CallExpression[callee.object.name=/^(it|describe)$/][callee.property.name="only"]',
          message: 'The other specs would not run.',
        },
      ],
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unused-expressions': 'off', // chai: expect(x).to.be.true
      // Packages that specs compare with give `any`; an `any` of our own is an error here too.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Configurations are default exports by definition; scripts are JavaScript, where types come from comments.
    files: ['eslint.config.js', 'scripts/**'],
    rules: {
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
)
