import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** What the HTTP server itself would answer, read from the tree that it prints. */
export function registeredRoutes(app: NestFastifyApplication): string[] {
  const path: string[] = [];
  return app
    .getHttpAdapter()
    .getInstance()
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', segment = '', methods = ''] =
        /^((?:[│ ] {3})*)[├└]── (.+) \(([A-Z, ]+)\)$/.exec(line) ?? [];
      if (segment === '') return [];
      path.splice(indent.length / 4, Infinity, segment);
      const verbs = methods.split(', ');
      // A HEAD comes with every GET.
      return verbs
        .filter((verb) => verb !== 'HEAD' || !verbs.includes('GET'))
        .map((verb) => `${verb} ${path.join('')}`);
    })
    .sort();
}
