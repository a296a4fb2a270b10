import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KeyPairs } from '@tiptop/ops';
import { ConfigError, loadConfig, SystemClock } from '@tiptop/platform';

const run = promisify(execFile);
const SECRETS = {
  postgres_password: 'of-the-rig',
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

interface Service {
  environment: Record<string, string>;
  volumes?: (string | { source: string; target: string })[];
  secrets?: { source: string }[];
  networks?: Record<string, unknown>;
  ports?: unknown[];
  image: string;
  restart: string;
  healthcheck?: object;
}

type Services = Record<'postgres' | 'api' | 'ops', Service>;

describe('docker-compose.yml', () => {
  let folder: string;
  let recipients: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-compose-'));
    await copyFile('docker-compose.yml', join(folder, 'docker-compose.yml'));
    await mkdir(join(folder, 'secrets'));
    for (const [name, text] of Object.entries(SECRETS)) await writeFile(join(folder, 'secrets', name), text);
    const keys = new KeyPairs(new SystemClock());
    recipients = [(await keys.generate()).recipient, (await keys.generate()).recipient].join(',');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** As compose understands it: the program of Debian 12, or the plugin that came after it. */
  async function understood(settings: Record<string, string> = {}): Promise<Services> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      PUBLIC_URL: 'https://api.the-tip-top.example',
      BACKUP_AGE_RECIPIENTS: recipients,
      ...settings,
    };
    const options = { cwd: folder, env };
    const plugin = await run('docker', ['compose', 'version'], options).then(
      () => true,
      () => false,
    );
    if (plugin) return servicesOf((await run('docker', ['compose', 'config', '--format', 'json'], options)).stdout);
    // It writes YAML only; what it is written in comes with what reads that.
    const { stdout } = await run('docker-compose', ['config'], options);
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

  it('gives the engine’s socket, the backups and the keys to ops alone', async () => {
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

  it('lets the world reach api alone, and the database be reached from within', async () => {
    const { postgres, api, ops } = await understood();
    expect([postgres.ports, ops.ports]).toEqual([undefined, undefined]);
    expect(JSON.stringify(api.ports)).toMatch(/127\.0\.0\.1/);
    expect(Object.keys(postgres.networks ?? {})).toEqual(['inside']);
    for (const service of [postgres, api, ops]) expect(service.restart).toMatch(/unless-stopped/);
    expect([postgres.healthcheck, api.healthcheck].every(Boolean)).toBe(true);
  });

  it('starts both from one image, with settings that they accept', async () => {
    const { api, ops } = await understood({ TIPTOP_IMAGE: 'registry.example/the-tip-top@sha256:1' });
    expect([api.image, ops.image]).toEqual(Array(2).fill('registry.example/the-tip-top@sha256:1'));
    const [one, other] = [configOf(api), configOf(ops)];
    expect(one).toMatchObject({ isProduction: true, databaseUrl: SECRETS.database_url, mail: { delivery: false } });
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

  it('switches stores and drill on by what stands in .env', async () => {
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

  it('does not start backups that nobody could open, and says what is missing', async () => {
    await expect(understood({ BACKUP_AGE_RECIPIENTS: '' })).rejects.toThrow(/two public keys/);
    const { ops } = await understood({ BACKUP_AGE_RECIPIENTS: recipients.split(',')[0] ?? '' });
    expect(() => configOf(ops)).toThrow(ConfigError);
  });
});
