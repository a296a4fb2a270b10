import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import tseslint from 'typescript-eslint';

/** Who may import whom: platform <- auth <- game <- admin, platform <- auth <- ops. Nothing imports an app. */
const MAY_IMPORT = {
  platform: ['platform'],
  auth: ['auth', 'platform'],
  game: ['game', 'auth', 'platform'],
  admin: ['admin', 'game', 'auth', 'platform'],
  ops: ['ops', 'auth', 'platform'],
  migrations: ['migrations', 'game', 'admin', 'ops', 'auth', 'platform'],
  app: ['migrations', 'game', 'admin', 'ops', 'auth', 'platform'],
};
const LIBRARIES = ['platform', 'auth', 'game', 'admin', 'ops'];

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Settings are read and validated once, in libs/platform/src/config.',
};
const DEEP_IMPORT = {
  regex: `^@tiptop/[^/]+/|(^|/)libs/|^(\\.\\./)+(${LIBRARIES.join('|')})/src`,
  message: 'A library is imported through its root: @tiptop/<name>.',
};

export default tseslint.config(
  { ignores: ['dist/**', 'dist.*/**', 'coverage/**', 'node_modules/**', '.data/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.mjs', 'scripts/*.mjs', 'test/rigs/*.mjs'] } },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Nest's modules are classes that hold nothing but their decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowStaticOnly: true }],
      // Answers are plain objects of their classes' shape: Fastify writes them as JSON, nobody asks for instanceof.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT],
      'no-restricted-imports': ['error', { patterns: [DEEP_IMPORT] }],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts', 'migrations/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { project: 'tsconfig.json' } },
      'boundaries/elements': [
        ...LIBRARIES.map((type) => ({ type, pattern: `libs/${type}` })),
        { type: 'migrations', pattern: 'migrations' },
        { type: 'app', pattern: 'apps/*' },
      ],
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
            ...Object.entries(MAY_IMPORT).map(([type, types]) => ({
              from: { element: { type } },
              allow: { to: { element: { types: { anyOf: types } } } },
            })),
          ],
        },
      ],
    },
  },
  {
    files: ['libs/game/src/domain/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!node:crypto$|\\./)', message: 'The rules of the game are pure TypeScript.' }] },
      ],
    },
  },
  {
    // Where a process begins, its environment is read and handed on.
    files: ['apps/*/src/main.ts', 'bench/**/*.ts', 'test/**/*.ts', '**/*.spec.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What a library keeps to itself is tested as well.
      'no-restricted-imports': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' },
  },
);
