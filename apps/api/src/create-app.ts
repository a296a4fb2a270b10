import type { IncomingMessage } from 'node:http';
import fastifyCors from '@fastify/cors';
import fastifyHelmet from '@fastify/helmet';
import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { type AppConfig, type Clock, NestLogger, SystemClock } from '@tiptop/platform';
import type { Logger } from 'pino';
import { AppModule } from './app.module';
import { logRequests, requestIdOf } from './http/request-log';
import { MetricsService } from './metrics/metrics.service';
import { buildDocument } from './openapi/document';

const BODY_LIMIT_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 72_000;

/**
 * The whole HTTP service, wired and not yet listening.
 * @param config with `databaseUrl` resolved
 */
export async function createApp(
  config: AppConfig,
  logger: Logger,
  clock: Clock = new SystemClock(),
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: config.requestTimeoutMs,
    connectionTimeout: config.requestTimeoutMs * 2,
    // Longer than the idle time of the proxies before it, so that none sends into a closing connection.
    keepAliveTimeout: KEEP_ALIVE_MS,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers),
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(config, logger, clock), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    forceCloseConnections: false,
  });
  const fastify = adapter.getInstance();
  logRequests(fastify, logger);
  app.get(MetricsService).observe(fastify);
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  await secure(app, config);
  serveDocument(app);
  return app;
}

async function secure(app: NestFastifyApplication, config: AppConfig): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      // Swagger UI is the only page; it brings its scripts with it, and styles itself inline.
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        // A development server speaks plain HTTP.
        upgradeInsecureRequests: config.isProduction ? [] : null,
      },
      useDefaults: false,
    },
    strictTransportSecurity: config.isProduction,
  });
  await app.register(fastifyCors, {
    origin: [...config.corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id', 'Accept-Language'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'Content-Disposition'],
    maxAge: 3600,
  });
}

function serveDocument(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => buildDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Thé Tip Top API',
    swaggerOptions: { persistAuthorization: true },
  });
}
