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
  });
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(headers);
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
