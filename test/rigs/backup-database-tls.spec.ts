import { execFile } from 'node:child_process';
import { chown, copyFile, chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import '../support/one-realm';
import { backupContext, databaseParts, DatabaseStage } from './support/database-stage';

const run = promisify(execFile);

describe('A database that encrypts its connections', () => {
  const { signal } = new AbortController();
  let stage: DatabaseStage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-rig-tls-'));
    for (const name of ['ours', 'another']) await makeAuthority(name);
    await makeServerCertificate();
    stage = await DatabaseStage.start();
    const cluster = join(stage.dataDir, 'postgres');
    const { uid, gid } = await stat(cluster);
    for (const name of ['server.crt', 'server.key']) {
      await copyFile(join(folder, name), join(cluster, name));
      await chown(join(cluster, name), uid, gid);
      await chmod(join(cluster, name), 0o600);
    }
    await stage.query('ALTER SYSTEM SET ssl = on');
    await stage.query('SELECT pg_reload_conf()');
    await stage.fill(1000);
    await stage.ballast(15);
  }, 120_000);
  afterAll(async () => {
    await stage.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });

  async function makeAuthority(name: string): Promise<void> {
    const days = ['-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    await openssl('req', '-x509', ...days, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`);
  }

  async function makeServerCertificate(): Promise<void> {
    const key = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', 'server.key'];
    await openssl('req', '-new', ...key, '-out', 'server.csr', '-subj', '/CN=database');
    await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1');
    const authority = ['-CA', 'ours.crt', '-CAkey', 'ours.key', '-CAcreateserial'];
    await openssl(
      'x509',
      '-req',
      '-in',
      'server.csr',
      ...authority,
      '-days',
      '2',
      '-extfile',
      'names',
      '-out',
      'server.crt',
    );
  }

  function urlTrusting(authority: string): string {
    const url = new URL(stage.url);
    url.searchParams.set('sslmode', 'verify-full');
    url.searchParams.set('sslrootcert', join(folder, `${authority}.crt`));
    return url.href;
  }

  it('is dumped and restored over nothing else', async () => {
    const { source, scratch } = databaseParts(urlTrusting('ours'));
    let connections: Promise<{ name: string; ssl: boolean }[]> | undefined;
    const context = backupContext(folder, {
      progress: (text) => {
        if (!text.endsWith('dumped')) return;
        connections ??= stage.query(
          `SELECT application_name AS name, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
           WHERE application_name IN ('tiptop backup', 'pg_dump') ORDER BY 1`,
        );
      },
    });
    const product = await source.produce(context);
    expect(await connections).toEqual([
      { name: 'pg_dump', ssl: true },
      // One for the snapshot, and one that looks whether players want the server.
      { name: 'tiptop backup', ssl: true },
      { name: 'tiptop backup', ssl: true },
    ]);
    const dump = join(folder, product.database!.dump);
    expect(await scratch.restore(dump, product.database!, signal)).toMatchObject({ passed: true });
  }, 60_000);

  it('is not dumped where somebody else vouches for it', async () => {
    const { source } = databaseParts(urlTrusting('another'));
    await expect(source.produce(backupContext(folder))).rejects.toMatchObject({
      mayPass: false,
      message: expect.stringMatching(/its certificate is not to be trusted/) as string,
    });
  });
});
