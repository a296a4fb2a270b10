import type { AppConfig } from '@tiptop/platform';
import type { FastifyInstance } from 'fastify';
import helmet, { type HelmetOptions } from 'helmet';

/** Sends helmet's headers with every answer. They never change, so helmet is asked once and not at each request. */
export function sendSecurityHeaders(fastify: FastifyInstance, config: AppConfig): void {
  const headers = headersOf({
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
    xFrameOptions: { action: 'deny' },
    // These speak to pages that prefetch, share processes or load plug-ins; an API's answers have no use for them.
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  fastify.addHook('onRequest', (_request, reply, done) => {
    // Answers are for the one who asked: no cache on the way keeps a prize or a profile.
    void reply.headers(headers).header('cache-control', 'no-store');
    done();
  });
}

function headersOf(options: HelmetOptions): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  helmet(options)({} as never, response as never, () => undefined);
  return headers;
}
