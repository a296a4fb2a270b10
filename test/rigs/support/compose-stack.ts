import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KeyPairs } from '@tiptop/ops';
import { SystemClock } from '@tiptop/platform';
import { Client } from 'pg';
import { SELF_SIGNED } from '../../support/self-signed';
import { until } from '../../support/waiting';
import { type ComposeCommand, composeCommand } from './compose-command';
import { freePorts } from './daemon';
import type { DockerEngineRig } from './docker-engine';

const run = promisify(execFile);
const COMMAND_MS = 180_000;
const ANSWER_MS = 10_000;
const HEALTHY_MS = 150_000;
const PASSWORD = 'of-the-rig';
const PROJECT = 'rig';
export const API_NAME = 'api.rig.example';
export const SITE_NAME = 'www.rig.example';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The project's own compose files in a folder of their own, on an engine of the rig. */
export class ComposeStack {
  private constructor(
    private readonly engine: DockerEngineRig,
    private readonly command: ComposeCommand,
    readonly folder: string,
    private readonly ports: { http: number; https: number; postgres: number },
  ) {}

  /** @param image of the backend; every service's name is the one that the files give it */
  static async lay(engine: DockerEngineRig, image: string): Promise<ComposeStack> {
    const folder = join(engine.folder, 'stack');
    const [http = 0, https = 0, postgres = 0] = await freePorts(3);
    const stack = new ComposeStack(engine, await composeCommand(), folder, { http, https, postgres });
    for (const file of ['docker-compose.yml', 'docker-compose.prod.yml', 'deploy']) {
      await cp(file, join(folder, file), { recursive: true });
    }
    await stack.write(
      'docker-compose.images.yml',
      `services:\n  api:\n    image: ${image}\n  ops:\n    image: ${image}\n`,
    );
    await stack.writeSecrets();
    await stack.routeTo('api');
    await stack.write('state/acme/.well-known/acme-challenge/token', 'of-the-challenge');
    await stack.write('certificates/fullchain.pem', SELF_SIGNED.cert);
    await stack.write('certificates/privkey.pem', SELF_SIGNED.key);
    for (const name of ['backups', 'letsencrypt']) await mkdir(join(folder, name));
    await stack.writeSettings();
    return stack;
  }

  /** @returns what it prints to stdout */
  async compose(...args: string[]): Promise<string> {
    const { program, first } = this.command;
    const { environment } = this.engine;
    const options = { cwd: this.folder, env: environment, timeout: COMMAND_MS };
    return (await run(program, [...first, ...args], options)).stdout.trim();
  }

  /** As a deployment does: a file beside, and then its name. */
  async routeTo(api: string): Promise<void> {
    const maps = [`map "" $api_host { default ${api}; }`, 'map "" $frontend_host { default frontend; }', ''];
    await this.write('state/nginx/upstreams.conf', maps.join('\n'));
  }

  /** Ids of the containers of a service. */
  async containers(service: string): Promise<string[]> {
    const filters = [`label=com.docker.compose.project=${PROJECT}`, `label=com.docker.compose.service=${service}`];
    const ids = await this.engine.docker('ps', '--quiet', ...filters.flatMap((filter) => ['--filter', filter]));
    return ids === '' ? [] : ids.split('\n');
  }

  async untilHealthy(service: string): Promise<string> {
    let id = '';
    const health = async (): Promise<string> => {
      [id = ''] = await this.containers(service);
      return id === '' ? '' : this.engine.docker('inspect', '--format', '{{.State.Health.Status}}', id);
    };
    await until(`${service} is healthy`, async () => (await health()) === 'healthy', HEALTHY_MS).catch(
      async (error: unknown) => {
        const logs = await this.compose('logs', '--tail=40', service).catch(String);
        throw new Error(`${String(error)}: ${logs}`);
      },
    );
    return id;
  }

  /** The roles that the secrets name, as an administrator of the database makes them. */
  async makeRoles(): Promise<void> {
    const client = new Client(`postgres://tiptop_owner:${PASSWORD}@127.0.0.1:${this.ports.postgres}/tiptop`);
    await client.connect();
    for (const [name, more] of Object.entries({
      tiptop_service: '',
      tiptop_backup: 'IN ROLE pg_read_all_data',
      tiptop_scratch: 'CREATEDB',
    })) {
      await client.query(`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}' ${more}`);
    }
    await client.query('REVOKE ALL ON DATABASE tiptop FROM PUBLIC; GRANT CONNECT ON DATABASE tiptop TO tiptop_backup');
    await client.end();
  }

  /** Through nginx, by a name of the service's. */
  async ask(
    path: string,
    { name = API_NAME, body, ...options }: RequestOptions & { name?: string; body?: string } = {},
  ): Promise<Answer> {
    return new Promise((settle, fail) => {
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port: this.ports.https,
          path,
          servername: name,
          agent: false,
          timeout: ANSWER_MS,
          ca: SELF_SIGNED.cert,
          checkServerIdentity: () => undefined,
          ...options,
          headers: Object.assign({ host: name }, options.headers),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => {
            settle({ status: response.statusCode ?? 0, headers: response.headers, body: text });
          });
          response.on('error', fail);
        },
      );
      request
        .on('error', fail)
        .on('timeout', () => {
          request.destroy(new Error('No answer'));
        })
        .end(body);
    });
  }

  /** Where nginx answers without TLS. */
  get plainUrl(): string {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  private async writeSecrets(): Promise<void> {
    const url = (role: string, database = 'tiptop'): string =>
      `postgres://${role}:${PASSWORD}@postgres:5432/${database}`;
    const secrets = {
      postgres_password: PASSWORD,
      owner_database_url: url('tiptop_owner'),
      database_url: url('tiptop_service'),
      backup_database_url: url('tiptop_backup'),
      scratch_database_url: url('tiptop_scratch', 'postgres'),
      jwt_secret: 'Zk3vQx9Lr7Bn2Wd8Ty5Hm1Pc6Gs4Jf0A',
      deck_secret: 'p0Lq8Wn3Er6Ty1Ui9Op4As7Df2Gh5Jk0',
      account_secret: 'm5Xc2Vb8Nq4Wz7Ke1Rt6Yp3Ls9Df0Gh2',
      smtp_url: 'smtp://127.0.0.1:9',
      s3_secret_access_key: '',
      sftp_key: '',
      drill_key: '',
    };
    await mkdir(join(this.folder, 'secrets'), { recursive: true, mode: 0o700 });
    for (const [name, text] of Object.entries(secrets)) {
      await writeFile(join(this.folder, 'secrets', name), text, { mode: 0o444 });
    }
  }

  private async writeSettings(): Promise<void> {
    const keys = new KeyPairs(new SystemClock());
    const recipients = [(await keys.generate()).recipient, (await keys.generate()).recipient].join(',');
    const settings = {
      COMPOSE_PROJECT_NAME: PROJECT,
      COMPOSE_FILE: 'docker-compose.yml:docker-compose.prod.yml:docker-compose.images.yml',
      PUBLIC_URL: `https://${API_NAME}`,
      CORS_ORIGINS: `https://${SITE_NAME}`,
      BACKUP_AGE_RECIPIENTS: recipients,
      BACKUP_DIR_ON_HOST: join(this.folder, 'backups'),
      BACKUP_IMAGES: 'rig-small:1',
      BACKUP_CONFIG_PATHS: join(this.folder, 'deploy'),
      DEPLOY_PATH: this.folder,
      DOCKER_SOCKET: join(this.engine.folder, 'docker.sock'),
      LETSENCRYPT_DIR: join(this.folder, 'letsencrypt'),
      BIND_ADDRESS: '127.0.0.1',
      HTTP_PORT: this.ports.http,
      HTTPS_PORT: this.ports.https,
      POSTGRES_PORT: this.ports.postgres,
    };
    await this.write(
      '.env',
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
  }

  private async write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
}
