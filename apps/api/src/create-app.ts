import type { IncomingMessage } from 'node:http';
import fastifyCookie from '@fastify/cookie';
import fastifyCors from '@fastify/cors';
import { type VersioningOptions, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { type AppConfig, type Clock, NestLogger, SystemClock } from '@tiptop/platform';
import type { Logger } from 'pino';
import { AppModule } from './app.module';
import { refuseWhileStopping } from './http/draining';
import { logRequests, requestIdOf } from './http/request-log';
import { sendSecurityHeaders } from './http/security-headers';
import { answerBrokenRequest, answerUnreadableAddress } from './http/unroutable';
import { MetricsService } from './metrics/metrics.service';
import { buildDocument } from './openapi/document';

const BODY_LIMIT_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 72_000;
/** How often slow requests are looked for: Node.js' 30 s would let the timeout be exceeded threefold. */
const SLOW_REQUEST_CHECK_MS = 1000;

/** Paths begin with /v1 unless a controller says otherwise. */
export const VERSIONING: VersioningOptions = { type: VersioningType.URI, defaultVersion: '1' };

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
    // Answered by refuseWhileStopping(), as a problem.
    return503OnClosing: false,
    frameworkErrors: answerUnreadableAddress(logger),
    clientErrorHandler: answerBrokenRequest(logger),
    // Left at its 60 s, headersTimeout would change places with a shorter requestTimeout, inside of Node.js.
    http: { connectionsCheckingInterval: SLOW_REQUEST_CHECK_MS, headersTimeout: config.requestTimeoutMs },
    routerOptions: { maxParamLength: 100 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(config, logger, clock), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    // Fastify's own parser takes JSON and nothing else; Nest's would take forms as well.
    bodyParser: false,
    // Of two handlers on one address, only one would ever be asked.
    routeConflictPolicy: { duplicate: 'error' },
    forceCloseConnections: false,
  });
  const fastify = adapter.getInstance();
  fastify.removeContentTypeParser('text/plain');
  logRequests(fastify, logger);
  refuseWhileStopping(fastify);
  app.get(MetricsService).observe(fastify);
  app.enableVersioning(VERSIONING);
  await secure(app, config);
  serveDocument(app);
  return app;
}

async function secure(app: NestFastifyApplication, config: AppConfig): Promise<void> {
  sendSecurityHeaders(app.getHttpAdapter().getInstance(), config);
  // Read where a sign-in with a provider needs them, and by no other request.
  await app.register(fastifyCookie, { hook: false });
  await app.register(fastifyCors, {
    origin: [...config.corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id', 'Accept-Language'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'Content-Disposition'],
    maxAge: 3600,
    // An OPTIONS request that is no preflight gets an answer, too, and not an error outside of the house's form.
    strictPreflight: false,
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
