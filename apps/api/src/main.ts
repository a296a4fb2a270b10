import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { ConfigError, createLogger, EmbeddedPostgresError, loadConfig } from '@tiptop/platform';
import { Service, StartError } from './service';

/** After this long a stop no longer waits for requests under way. */
const STOP_LIMIT_MS = 30_000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const logger = createLogger(config.logLevel);
  const starting = Service.start(config, logger, say);
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (asked) return;
    asked = true;
    logger.info({ signal }, 'Stopping');
    setTimeout(() => {
      logger.error('Requests under way did not end in time; stopping without them');
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    starting
      .then((service) => service.stop())
      .then(
        () => process.exit(0),
        (err: unknown) => {
          logger.error({ err }, 'The stop was not clean');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const service = await starting;
  say(`Thé Tip Top serves on ${service.url} (documentation: ${service.url}/docs)`);
}

main().catch((error: unknown) => {
  const expected =
    error instanceof ConfigError || error instanceof StartError || error instanceof EmbeddedPostgresError;
  say(expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
