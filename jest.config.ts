import type { Config } from 'jest';

// One compiler configuration for the build and for the tests: @swc/jest reads .swcrc.
const shared: Partial<NonNullable<Config['projects']>[number] & object> = {
  testEnvironment: 'node',
  transform: { '^.+\\.[jt]s$': '@swc/jest' },
  // These ship ES modules only; compiled to CommonJS here they load in Jest's own module system.
  transformIgnorePatterns: [
    '/node_modules/(?!(@nestjs|@fastify/cookie|cookie|@seriousme|content-disposition|pg-boss|serialize-error|non-error|rrule-temporal|jose|age-encryption|@noble|@scure|openid-client|oauth4webapi|oidc-provider)/)',
  ],
  moduleNameMapper: { '^@tiptop/(\\w+)$': '<rootDir>/libs/$1/src/index.ts' },
};

const withServer: typeof shared = {
  testEnvironment: '<rootDir>/test/support/worker-environment.ts',
  setupFiles: ['<rootDir>/test/support/shared-judgement.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

const config: Config = {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/{journeys,races,contract,faults,cli}/**/*.spec.ts'],
      ...withServer,
    },
    {
      ...shared,
      displayName: 'rigs',
      testMatch: ['<rootDir>/test/rigs/**/*.spec.ts'],
      ...withServer,
    },
  ],
  testTimeout: 180_000,
};

export default config;
