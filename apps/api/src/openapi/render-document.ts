import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, loadConfig, SystemClock } from '@tiptop/platform';
import { AppModule } from '../app.module';
import { VERSIONING } from '../create-app';
import { buildDocument } from './document';

/** Where the API's document is kept in the repository. */
export const DOCUMENT_FILE = 'openapi.json';

/**
 * The document as it is kept. Nest's preview mode reads the controllers' decorators without making any of them, so that
 * neither a database nor settings are needed.
 */
export async function renderDocument(): Promise<string> {
  const unused = 'no secret stands in the document'.padEnd(32);
  const config = loadConfig({
    NODE_ENV: 'test',
    JWT_SECRET: unused,
    DECK_SECRET: unused,
    // What a provider is not configured for is absent from the document.
    GOOGLE_CLIENT_ID: 'documented',
    GOOGLE_CLIENT_SECRET: unused,
    FACEBOOK_APP_ID: 'documented',
    FACEBOOK_APP_SECRET: unused,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register(config, createLogger('silent'), new SystemClock()),
    new FastifyAdapter(),
    { preview: true, logger: false, abortOnError: false },
  );
  app.enableVersioning(VERSIONING);
  return `${JSON.stringify(buildDocument(app), null, 2)}\n`;
}
