import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppConfig, loadConfig, type OpsConfig } from '@tiptop/platform';

/** Settings for a test of a part of operations: the defaults, but for those given. */
export function opsConfig(changes: Partial<OpsConfig>): AppConfig {
  const base = loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    // Nothing is written there: the secrets are given.
    DATA_DIR: join(tmpdir(), 'tiptop-ops'),
    JWT_SECRET: 'a-secret-of-the-tests-and-of-nothing-else',
    DECK_SECRET: 'another-secret-of-the-tests-and-nothing-else',
    ACCOUNT_SECRET: 'one-more-secret-of-the-tests-and-nothing-else',
  });
  return base.with({ ops: { ...base.ops, ...changes } });
}
