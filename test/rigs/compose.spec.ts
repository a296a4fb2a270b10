import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KeyPairs } from '@tiptop/ops';
import { ConfigError, loadConfig, SystemClock } from '@tiptop/platform';
import { composeCommand } from './support/compose-command';

const run = promisify(execFile);
const SECRETS = {
  postgres_password: 'of-the-rig',
  owner_database_url: 'postgres://tiptop_owner:pw@postgres:5432/tiptop',
  database_url: 'postgres://tiptop_service:pw@postgres:5432/tiptop',
  jwt_secret: 'Zk3vQx9Lr7Bn2Wd8Ty5Hm1Pc6Gs4Jf0A',
  deck_secret: 'p0Lq8Wn3Er6Ty1Ui9Op4As7Df2Gh5Jk0',
  account_secret: 'm5Xc2Vb8Nq4Wz7Ke1Rt6Yp3Ls9Df0Gh2',
  smtp_url: 'smtps://mail.example',
  backup_database_url: 'postgres://tiptop_backup:pw@postgres:5432/tiptop',
  scratch_database_url: '',
  s3_secret_access_key: '',
  sftp_key: '',
  drill_key: '',
};

const ENVIRONMENTS = ['dev', 'preprod', 'prod'] as const;
const FILES = ['docker-compose.yml', ...ENVIRONMENTS.map((name) => `docker-compose.${name}.yml`)];

interface Service {
  environment: Record<string, string>;
  volumes?: (string | { source: string; target: string })[];
  secrets?: { source: string }[];
  networks?: Record<string, unknown>;
  ports?: (string | { host_ip: string; published: string; target: number })[];
  image: string;
  restart: string;
  healthcheck?: object;
  user?: string;
  container_name?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  /** Bytes, or as it is written. */
  mem_limit?: string | number;
  cpus?: string | number;
  pids_limit?: number;
  logging?: { options?: Record<string, string> };
}

type Services = Record<'postgres' | 'api' | 'ops' | 'frontend' | 'nginx', Service>;

describe('The compose files', () => {
  let folder: string;
  let recipients: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-compose-'));
    for (const file of FILES) await copyFile(file, join(folder, file));
    await mkdir(join(folder, 'secrets'));
    for (const [name, text] of Object.entries(SECRETS)) await writeFile(join(folder, 'secrets', name), text);
    const keys = new KeyPairs(new SystemClock());
    recipients = [(await keys.generate()).recipient, (await keys.generate()).recipient].join(',');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** As compose understands it: the program of Debian 12, or the plugin that came after it. */
  async function understood(
    settings: Record<string, string> = {},
    environment: (typeof ENVIRONMENTS)[number] = 'prod',
  ): Promise<Services> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      PUBLIC_URL: 'https://api.the-tip-top.example',
      BACKUP_AGE_RECIPIENTS: recipients,
      COMPOSE_FILE: `docker-compose.yml:docker-compose.${environment}.yml`,
      ...settings,
    };
    const options = { cwd: folder, env };
    const { program, first, isPlugin } = await composeCommand();
    const { stdout, stderr } = await run(
      program,
      [...first, 'config', ...(isPlugin ? ['--format', 'json'] : [])],
      options,
    );
    // Nothing that it warns of: a variable without a value, a key that it does not know.
    expect(stderr).toBe('');
    if (isPlugin) return servicesOf(stdout);
    // It writes YAML only; what it is written in comes with what reads that.
    const child = run('/usr/bin/python3', [
      '-c',
      'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)',
    ]);
    child.child.stdin?.end(stdout);
    return servicesOf((await child).stdout);
  }

  function servicesOf(text: string): Services {
    return (JSON.parse(text) as { services: Services }).services;
  }

  /** What is published, as `address:port:port`. */
  function published({ ports = [] }: Service): string[] {
    return ports
      .map((port) => (typeof port === 'string' ? port : `${port.host_ip}:${port.published}:${port.target}`))
      .map((port) => port.replace('/tcp', ''));
  }

  function mounts({ volumes = [] }: Service): string[] {
    return volumes.map((volume) => (typeof volume === 'string' ? volume : `${volume.source}:${volume.target}`));
  }

  /** The settings that a service starts with, its secrets read from where the rig has them. */
  function configOf({ environment }: Service): ReturnType<typeof loadConfig> {
    const variables = Object.entries(environment).map(([name, value]) => [
      name,
      value.replace('/run/secrets/', join(folder, 'secrets/')),
    ]);
    return loadConfig({ ...(Object.fromEntries(variables) as Record<string, string>), DATA_DIR: join(folder, 'data') });
  }

  it('give the engine’s socket, the backups and the keys to ops alone', async () => {
    const { postgres, api, ops } = await understood();
    expect(mounts(ops).filter((mount) => /docker\.sock|\/srv\/backups/.test(mount))).toHaveLength(2);
    for (const service of [postgres, api]) expect(mounts(service).join()).not.toMatch(/docker\.sock|backups/);
    expect(mounts(api)).toEqual([]);
    expect(api.secrets?.map(({ source }) => source).sort()).toEqual([
      'account_secret',
      'database_url',
      'deck_secret',
      'jwt_secret',
    ]);
    expect(Object.keys(api.environment).join()).not.toMatch(/BACKUP_|DOCKER|SMTP|S3|SFTP/);
  });

  it('let the world reach nginx alone, and the database be reached from within and from this machine', async () => {
    const { postgres, api, ops, frontend, nginx } = await understood();
    expect([api.ports, ops.ports, frontend.ports]).toEqual([undefined, undefined, undefined]);
    expect(published(postgres)).toEqual(['127.0.0.1:5432:5432']);
    expect(published(nginx)).toEqual(['0.0.0.0:80:80', '0.0.0.0:443:443']);
    const networks = (service: Service): string[] => Object.keys(service.networks ?? {}).sort();
    expect(networks(postgres)).toEqual(['inside', 'machine']);
    expect(networks(api)).toEqual(['inside', 'outside']);
    expect(networks(ops)).toEqual(['inside', 'stores']);
    expect([networks(nginx), networks(frontend)]).toEqual([['outside'], ['outside']]);
  });

  it.each(ENVIRONMENTS)('are clean in %s, and limit and harden every service', async (environment) => {
    const settings = {
      REGISTRY: 'registry.example:5000',
      POSTGRES_PORT: '5433',
      HTTPS_PORT: '8443',
      BIND_ADDRESS: '127.0.0.1',
    };
    const services = await understood(settings, environment);
    expect(services.api.image).toBe(`registry.example:5000/backend:${environment}-latest`);
    expect(services.ops.image).toBe(services.api.image);
    expect(services.api.environment['OPS_ENVIRONMENT']).toBe(environment);
    // Else it does not see the snapshots, and prunes the backups that they go with.
    expect(JSON.stringify(services.ops.volumes)).toContain(services.ops.environment['DEPLOY_PATH']);
    expect(published(services.postgres)).toEqual(['127.0.0.1:5433:5432']);
    expect(published(services.nginx)).toEqual(['127.0.0.1:80:80', '127.0.0.1:8443:443']);
    for (const [name, service] of Object.entries(services)) {
      expect([name, service]).toEqual([
        name,
        expect.objectContaining({
          restart: 'unless-stopped',
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          mem_limit: expect.anything() as unknown,
          cpus: expect.anything() as unknown,
          pids_limit: expect.any(Number) as number,
          healthcheck: expect.anything() as unknown,
        }),
      ]);
      expect(service.logging?.options).toEqual({ 'max-size': '10m', 'max-file': '5' });
      // Two of a service can stand side by side.
      expect(service.container_name).toBeUndefined();
      expect([name, service.read_only ?? false]).toEqual([name, name !== 'frontend']);
    }
    expect([services.api.cap_add, services.api.user]).toEqual([undefined, undefined]);
  });

  it('give the schema’s owner to ops alone', async () => {
    const { api, ops } = await understood();
    expect(configOf(api)).toMatchObject({ databaseUrl: SECRETS.database_url });
    expect(configOf(ops)).toMatchObject({
      databaseUrl: SECRETS.owner_database_url,
      databaseServiceRole: 'tiptop_service',
    });
  });

  it('lay the images of a deployment over everything', async () => {
    const images = `services:\n  api:\n    image: registry.example/backend@sha256:${'a'.repeat(64)}\n`;
    await writeFile(join(folder, 'docker-compose.images.yml'), images);
    const COMPOSE_FILE = 'docker-compose.yml:docker-compose.dev.yml:docker-compose.images.yml';
    const { api, ops } = await understood({ COMPOSE_FILE });
    expect(api.image).toBe(`registry.example/backend@sha256:${'a'.repeat(64)}`);
    expect(ops.image).toBe('localhost/backend:dev-latest');
  });

  it('start both from one image, with settings that they accept', async () => {
    const { api, ops } = await understood({ REGISTRY: 'registry.example', TAG: 'prod-1' });
    expect([api.image, ops.image]).toEqual(Array(2).fill('registry.example/backend:prod-1'));
    const [one, other] = [configOf(api), configOf(ops)];
    expect(one).toMatchObject({ isProduction: true, mail: { delivery: false } });
    expect(one.ops).toMatchObject({ environment: 'prod', scheduler: false, s3: undefined, dockerHost: undefined });
    expect(other).toMatchObject({ isProduction: true, mail: { delivery: true, smtpUrl: SECRETS.smtp_url } });
    expect(other.ops).toMatchObject({
      environment: 'prod',
      scheduler: true,
      backupDir: '/srv/backups',
      backupDatabaseUrl: SECRETS.backup_database_url,
      scratchDatabaseUrl: undefined,
      dockerHost: 'unix:///var/run/docker.sock',
      s3: undefined,
      sftp: undefined,
      drillKeyFile: undefined,
    });
    expect(other.ops.ageRecipients).toHaveLength(2);
  });

  it('switch stores and drill on by what stands in .env', async () => {
    await writeFile(join(folder, 'secrets/s3_secret_access_key'), 'of-the-store');
    const { ops } = await understood({
      BACKUP_S3_ENDPOINT: 'https://s3.example',
      BACKUP_S3_BUCKET: 'backups',
      BACKUP_S3_ACCESS_KEY_ID: 'id',
      BACKUP_SFTP_URL: 'sftp://tiptop@backup.example/tiptop',
      BACKUP_SFTP_KEY_FILE: '/run/secrets/sftp_key',
      BACKUP_SFTP_HOST_KEY: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ',
      BACKUP_DRILL_KEY_FILE: '/run/secrets/drill_key',
    });
    expect(configOf(ops).ops).toMatchObject({
      s3: { bucket: 'backups', secretAccessKey: 'of-the-store' },
      sftp: { user: 'tiptop', path: '/tiptop', keyFile: join(folder, 'secrets/sftp_key') },
      drillKeyFile: join(folder, 'secrets/drill_key'),
    });
  });

  it('do not start backups that nobody could open, and says what is missing', async () => {
    await expect(understood({ BACKUP_AGE_RECIPIENTS: '' })).rejects.toThrow(/two public keys/);
    const { ops } = await understood({ BACKUP_AGE_RECIPIENTS: recipients.split(',')[0] ?? '' });
    expect(() => configOf(ops)).toThrow(ConfigError);
  });
});
