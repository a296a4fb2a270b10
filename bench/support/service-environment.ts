export const POOL_SIZE = 20;
export const JWT_SECRET = 'a-secret-of-the-benchmark-and-of-nothing-else';

/** Of a service that faces players: it leaves letters to another instance, and no nightly run falls into a measurement. */
export function serviceEnvironment(databaseUrl: string, dataDir: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    PORT: '0',
    METRICS_PORT: '0',
    DATABASE_POOL_SIZE: POOL_SIZE.toString(),
    MAIL_DELIVERY: 'off',
    RETENTION_CRON: '0 0 29 2 *',
    JWT_SECRET,
    DECK_SECRET: 'another-secret-of-the-benchmark-and-nothing-else',
  };
}
