import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DockerEngineRig } from '../docker-engine';

/** What a version of the backend is like. */
export type Nature = 'good' | 'never-healthy' | 'fails-plays' | 'ends-at-once';

/** Answers a play with 500, and leaves everything else as it is. */
const FAILS_PLAYS = `const { Server } = require('node:http');
const { emit } = Server.prototype;
Server.prototype.emit = function (event, request, response) {
  if (event !== 'request' || request.url !== '/v1/tickets/play') return emit.apply(this, arguments);
  request.resume();
  response.writeHead(500, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: 'Broken', status: 500, code: 'INTERNAL_ERROR' }));
  return true;
};
`;

const LINES: Readonly<Record<Nature, readonly string[]>> = {
  good: [],
  'never-healthy': [`CMD ["node", "-e", "process.stderr.write('waits for ever\\\\n'); setInterval(() => {}, 1e6)"]`],
  'ends-at-once': [`CMD ["node", "-e", "process.stderr.write('has a fault\\\\n'); process.exit(3)"]`],
  'fails-plays': ['COPY fails-plays.js /', 'ENV NODE_OPTIONS=--require=/fails-plays.js'],
};

/** A further version of the backend, of one that is there. @returns its id */
export async function buildVersion(
  engine: DockerEngineRig,
  { from, tag, version, nature = 'good' }: { from: string; tag: string; version: string; nature?: Nature },
): Promise<string> {
  const context = await mkdtemp(join(engine.folder, 'version-'));
  try {
    const lines = LINES[nature];
    const label = `LABEL org.opencontainers.image.version=${version}`;
    await writeFile(join(context, 'Dockerfile'), [`FROM ${from}`, label, ...lines, ''].join('\n'));
    await writeFile(join(context, 'fails-plays.js'), FAILS_PLAYS, { mode: 0o644 });
    await engine.docker('build', '--quiet', '--tag', tag, context);
  } finally {
    await rm(context, { recursive: true });
  }
  return engine.imageId(tag);
}
