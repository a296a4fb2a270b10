import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyPairs, Preparation, type Prepared, type PrepareRequest } from '@tiptop/ops';
import { Migrator, SystemClock } from '@tiptop/platform';
import { Client } from 'pg';
import '../support/one-realm';
import { awaitDatabase } from '../../libs/ops/src/deployments/prepare/database-roles';
import { schema } from '../../migrations/data-source';
import { createTestDatabase, onServer } from '../support/database';
import { SELF_SIGNED } from '../support/self-signed';

const ROLES = ['tiptop_service', 'tiptop_backup', 'tiptop_scratch'] as const;
const UNDERWAY = { signal: new AbortController().signal, progress: () => undefined };
/** In the place of openssl, which test/rigs/deploy-certificate.spec.ts has make a real one. */
const CERTIFICATES = {
  ensure: async (folder: string): Promise<boolean> => {
    const options = { flag: 'wx' };
    return writeFile(join(folder, 'fullchain.pem'), SELF_SIGNED.cert, options).then(
      () => true,
      () => false,
    );
  },
};

/** The database is a real one; that compose starts one in a container is for test/rigs/deployments.spec.ts to show. */
describe('An environment is prepared', () => {
  let root: string;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let composeCalls: string[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tiptop-prepare-'));
    database = await createTestDatabase('template0');
    composeCalls = [];
    await mkdir(join(root, 'env/host-secrets'), { recursive: true, mode: 0o700 });
    // An operator's own, for a database that stands elsewhere: none is overwritten.
    await writeFile(join(root, 'env/host-secrets/owner_database_url'), database.url);
    await mkdir(join(root, 'checkout'));
    for (const name of ['docker-compose.yml', 'docker-compose.preprod.yml', 'docker-compose.prod.yml']) {
      await writeFile(join(root, 'checkout', name), await readFile(name));
    }
    await cp('deploy/nginx', join(root, 'checkout/deploy/nginx'), { recursive: true });
  });
  afterEach(async () => {
    await database.drop();
    for (const role of ROLES) await onServer(`DROP ROLE IF EXISTS ${role}`);
    await rm(root, { recursive: true });
  });

  function preparation(): Preparation {
    const compose = {
      check: (folder: string) => Promise.resolve(void composeCalls.push(`check ${folder}`)),
      up: (folder: string, options: object) =>
        Promise.resolve(void composeCalls.push(`up ${folder} ${JSON.stringify(options)}`)),
    };
    return new Preparation(compose, CERTIFICATES, new KeyPairs(new SystemClock()), (url) => new Migrator(url, schema));
  }

  async function prepare(changes: Partial<PrepareRequest> = {}): Promise<Prepared> {
    const request: PrepareRequest = {
      environment: 'preprod',
      publicUrl: new URL('https://api.preprod.example'),
      path: join(root, 'env'),
      source: join(root, 'checkout'),
      registry: 'registry.example:5000',
      recipients: [],
      backupDir: join(root, 'backups'),
      withoutFrontend: false,
      dockerHost: undefined,
      ...changes,
    };
    return preparation().prepare(request, UNDERWAY);
  }

  const secret = async (name: string): Promise<string> => readFile(join(root, 'env', name), 'utf8');

  /** Signs in as a role, with what its file says, and asks. */
  async function ask<T extends object>(file: string, sql: string): Promise<T[]> {
    const url = new URL(database.url);
    const { username, password } = new URL(await secret(`secrets/${file}`));
    Object.assign(url, { username, password });
    const client = new Client({ connectionString: url.href });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  it('from nothing: folder, settings, secrets, certificate, keys, roles, schema', async () => {
    const { made, migrated, notes, selfSigned } = await prepare();
    expect(made).toEqual(expect.arrayContaining(['docker-compose.yml', 'secrets/jwt_secret', '.env']));
    expect(migrated).toHaveLength(schema.migrations.length);
    expect(selfSigned).toBe(join(root, 'env/certificates/fullchain.pem'));
    expect(notes.join()).toMatch(/Keys for the backups were made.*self-signed/);
    expect(composeCalls).toEqual([
      `check ${join(root, 'env')}`,
      `up ${join(root, 'env')} {"services":["postgres"],"recreate":"never"}`,
    ]);
    const settings = await secret('.env');
    expect(settings).toMatch(/^BACKUP_AGE_RECIPIENTS=age1\w{58},age1\w{58}$/m);
    for (const url of ['database_url', 'owner_database_url', 'backup_database_url', 'scratch_database_url']) {
      const { password } = new URL(await secret(`secrets/${url}`));
      expect(settings).not.toContain(password);
    }
    expect(await stat(join(root, 'backups'))).toMatchObject({ mode: 0o40700 });
    expect(await secret('secrets/smtp_url')).toBe('');
  });

  it('with roles that may what they have to, and nothing else', async () => {
    await prepare();
    expect(await ask('database_url', 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 0 }]);
    await expect(ask('database_url', 'CREATE TABLE mine ()')).rejects.toThrow(/permission denied/);
    await expect(ask('database_url', 'DELETE FROM audit_entries')).rejects.toThrow(/permission denied/);
    expect(await ask('backup_database_url', 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 0 }]);
    await expect(ask('backup_database_url', 'DELETE FROM users')).rejects.toThrow(/permission denied/);
    await expect(ask('scratch_database_url', 'SELECT 1')).rejects.toThrow(/permission denied for database/);
    const roles = `SELECT rolname, rolcreatedb, rolsuper FROM pg_roles WHERE rolname = 'tiptop_scratch'`;
    expect(await ask('database_url', roles)).toEqual([
      { rolname: 'tiptop_scratch', rolcreatedb: true, rolsuper: false },
    ]);
  });

  it('again, and nothing of it is touched', async () => {
    await prepare();
    const names = (await readdir(join(root, 'env'), { recursive: true })).sort();
    const before = await Promise.all(names.map(async (name) => stat(join(root, 'env', name))));
    const again = await prepare();
    expect(again).toMatchObject({ made: [], migrated: [] });
    expect((await readdir(join(root, 'env'), { recursive: true })).sort()).toEqual(names);
    const after = await Promise.all(names.map(async (name) => stat(join(root, 'env', name))));
    expect(after.map(({ ino, mtimeMs }) => [ino, mtimeMs])).toEqual(before.map(({ ino, mtimeMs }) => [ino, mtimeMs]));
    expect(await ask('database_url', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('after it was ended in the middle, and goes on where it was', async () => {
    const failing = new Preparation(
      { check: () => Promise.resolve(), up: () => Promise.reject(new Error('the engine is down')) },
      CERTIFICATES,
      new KeyPairs(new SystemClock()),
      (url) => new Migrator(url, schema),
    );
    const request = { path: join(root, 'env'), source: join(root, 'checkout'), backupDir: join(root, 'backups') };
    const whole: PrepareRequest = {
      ...request,
      environment: 'preprod',
      publicUrl: new URL('https://api.preprod.example'),
      registry: undefined,
      recipients: [],
      withoutFrontend: true,
      dockerHost: undefined,
    };
    await expect(failing.prepare(whole, UNDERWAY)).rejects.toThrow('the engine is down');
    const [jwt, keys] = [await secret('secrets/jwt_secret'), await readdir(join(root, 'env/backup-keys'))];
    const { migrated } = await prepare({ withoutFrontend: false });
    expect(migrated).toHaveLength(schema.migrations.length);
    expect(await secret('secrets/jwt_secret')).toBe(jwt);
    expect(await readdir(join(root, 'env/backup-keys'))).toEqual(keys);
    // What was told once holds until it is told otherwise.
    expect(await secret('.env')).toMatch(/^DEPLOY_FRONTEND=off$/m);
  });

  it('leaves what is pending on a database in use to the deployment, which takes a snapshot first', async () => {
    await prepare();
    await new Migrator(database.url, schema).down();
    const { migrated, notes } = await prepare();
    expect(migrated).toEqual([]);
    expect(notes.join()).toContain('1 migration(s) are pending: the next deployment applies them');
    expect(await new Migrator(database.url, schema).pending()).toHaveLength(1);
  });

  it('gives the roles of a database that was there before the passwords of the files', async () => {
    await onServer(`CREATE ROLE tiptop_service LOGIN PASSWORD 'of-earlier-times'`);
    await prepare();
    expect(await ask('database_url', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses production without two public keys, and the folder of another environment, before it makes anything', async () => {
    const [one] = [await new KeyPairs(new SystemClock()).generate()];
    for (const recipients of [[], [one.recipient], [one.recipient, one.recipient]]) {
      await expect(prepare({ environment: 'prod', recipients })).rejects.toThrow(/Two different public keys/);
    }
    expect(await readdir(join(root, 'env'))).toEqual(['host-secrets']);
    await prepare();
    await expect(prepare({ environment: 'dev' })).rejects.toThrow(/is the folder of preprod, not of dev/);
  });

  it('prepares production with the keys that it is given, and makes none', async () => {
    const keys = new KeyPairs(new SystemClock());
    const recipients = [(await keys.generate()).recipient, (await keys.generate()).recipient];
    await prepare({ environment: 'prod', recipients });
    expect(await readdir(join(root, 'env'))).not.toContain('backup-keys');
    expect(await secret('.env')).toContain(`BACKUP_AGE_RECIPIENTS=${recipients.join(',')}\n`);
    expect(await prepare({ environment: 'prod' })).toMatchObject({ made: [] });
  });

  it('says what keeps it from the database', async () => {
    const wrong = new URL(database.url);
    wrong.username = 'nobody_of_this_name';
    await expect(awaitDatabase(wrong.href, 5000, UNDERWAY)).rejects.toThrow(/refuses its owner/);
    const nowhere = new URL(database.url);
    nowhere.port = '1';
    await expect(awaitDatabase(nowhere.href, 700, UNDERWAY)).rejects.toThrow(/did not answer: .*ECONNREFUSED/);
  });
});
