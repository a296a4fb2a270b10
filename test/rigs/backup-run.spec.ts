import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type BackupRun, KeyPairs, type Manifest } from '@tiptop/ops';
import { type OpsConfig, SystemClock } from '@tiptop/platform';
import { JENKINS_JOBS, JENKINS_PLUGINS, plantJenkinsHome } from '../support/jenkins-home';
import { OpsStage } from '../support/ops-stage';
import { SmtpInbox } from '../support/smtp-inbox';
import { WebhookReceiver } from '../support/webhook-receiver';
import { CephStore } from './support/ceph';
import { DatabaseStage } from './support/database-stage';
import { DockerEngineRig } from './support/docker-engine';
import { SshServer } from './support/sshd';

const TICKETS = 500_000;
const [BACKEND, FRONTEND] = ['backend:prod-latest', 'frontend:prod-latest'];
const MB = 1_000_000;

/** A whole night in production: everything that is real is real, and what comes of it is opened by nothing of ours. */
describe('The nightly backup of a production', () => {
  let folder: string;
  let database: DatabaseStage;
  let engine: DockerEngineRig;
  let ceph: CephStore;
  let server: SshServer;
  let inbox: SmtpInbox;
  let webhook: WebhookReceiver;
  let stage: OpsStage;
  let run: BackupRun;
  let manifest: Manifest;
  let identities: string[];
  /** Where the archive is unpacked to. */
  let unpacked: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-night-'));
    database = await DatabaseStage.start();
    await database.fill(TICKETS);
    engine = await DockerEngineRig.start();
    await engine.build(BACKEND, [3 * MB, 20 * MB]);
    await engine.import(FRONTEND, 4 * MB);
    [ceph, server, inbox, webhook] = await Promise.all([
      CephStore.start(),
      SshServer.start(),
      SmtpInbox.open(),
      WebhookReceiver.open(),
    ]);
    const bucket = await ceph.createBucket({ versions: true, lockDays: 1 });
    stage = await OpsStage.set({
      databaseUrl: database.url,
      alerts: 'real',
      ops: await settings(bucket),
      config: (config) => config.with({ mail: { ...config.mail, smtpUrl: inbox.url } }),
    });
    run = await stage.run({ kind: 'monthly', trigger: 'schedule', slot: new Date() });
    manifest = run.manifest!;
  }, 300_000);
  afterAll(async () => {
    await stage.strike();
    await Promise.all([webhook.close(), inbox.close(), server.stop(), ceph.stop(), engine.stop(), database.stop()]);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  async function settings(bucket: string): Promise<Partial<OpsConfig>> {
    const keyPairs = new KeyPairs(new SystemClock());
    const pairs = await Promise.all([1, 2].map(async () => keyPairs.generate()));
    identities = pairs.map((_, n) => join(folder, `key-${n}`));
    for (const [n, pair] of pairs.entries()) await keyPairs.write(identities[n]!, pair);
    const app = join(folder, 'srv/app');
    await mkdir(join(app, 'tls'), { recursive: true });
    for (const [name, text] of Object.entries({
      'docker-compose.yml': 'services: {}\n',
      '.env.production': 'JWT_SECRET=a secret\n',
      'nginx.conf': 'events {}\n',
      'tls/fullchain.pem': 'a certificate\n',
      'tls/privkey.pem': 'a key\n',
      'deploy.sh': '#!/bin/sh\n',
    })) {
      await writeFile(join(app, name), text);
    }
    const jenkinsHome = join(folder, 'jenkins');
    await plantJenkinsHome(jenkinsHome);
    return {
      environment: 'prod',
      ageRecipients: pairs.map(({ recipient }) => recipient),
      drillKeyFile: identities[0],
      s3: ceph.config(bucket, { prefix: 'tiptop', keys: await ceph.createWriter(bucket) }),
      sftp: server.config(),
      dockerHost: engine.host,
      images: [BACKEND, FRONTEND],
      configPaths: ['docker-compose.yml', '.env.production', 'nginx.conf', 'tls', 'deploy.sh'].map((name) =>
        join(app, name),
      ),
      jenkinsHome,
      alertEmails: ['on-call@tiptop.example'],
      alertWebhookUrl: webhook.url,
      stepSeconds: 240,
      stallSeconds: 60,
    };
  }

  const file = (path: string): string => join(unpacked, path);
  const stock = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: unpacked, maxBuffer: 1 << 28 }).toString();

  it('takes every step, without a warning', () => {
    const notPassed = run.steps.filter(({ status }) => status !== 'passed');
    expect(notPassed.map(({ name, status, detail }) => [name, status, detail])).toEqual([]);
    expect(run.status).toBe('succeeded');
    expect(run.copies.map(({ place, verified }) => [place, verified])).toEqual([
      ['local', true],
      ['s3', true],
      ['sftp', true],
    ]);
  });

  it('tells people by mail, with its report, and in the chat', async () => {
    const [letter] = inbox.to('on-call@tiptop.example');
    expect(letter!.subject).toContain(run.id);
    expect(letter!.text).toContain(manifest.archive.sha256);
    expect(inbox.letters).toHaveLength(1);
    expect(webhook.posts.map(({ body }) => body).join('')).toContain(run.id);
    expect(await readdir(join(stage.config.ops.backupDir, 'reports'))).toEqual([
      `${run.id}.report.html`,
      `${run.id}.report.json`,
    ]);
  });

  it('is opened by age and tar alone, with either key, and is what SHA256SUMS says', async () => {
    const { archivePath } = await stage.local.get(run.id);
    for (const [n, identity] of identities.entries()) {
      unpacked = join(folder, `unpacked-${n}`);
      await mkdir(unpacked);
      const tar = join(folder, 'plain.tar');
      execFileSync('age', ['--decrypt', '--identity', identity, '--output', tar, archivePath]);
      stock('tar', '--extract', '--file', tar);
      await rm(tar);
      stock('sha256sum', '--check', '--strict', '--quiet', 'SHA256SUMS');
    }
    const listed = (await readdir(unpacked, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(unpacked.length + 1));
    const sums = (await readFile(file('SHA256SUMS'), 'utf8')).trimEnd().split('\n');
    expect(sums.map((line) => line.slice(66)).sort()).toEqual(listed.filter((name) => name !== 'SHA256SUMS').sort());
    const { archive, ...contents } = manifest;
    expect(JSON.parse(await readFile(file('manifest.json'), 'utf8'))).toEqual(contents);
    expect(archive.bytes).toBe((await readFile(archivePath)).length);
  });

  it('is the same file in the bucket and on the backup server', async () => {
    const { archivePath, manifestPath } = await stage.local.get(run.id);
    const { bucket: Bucket, endpoint, region, accessKeyId, secretAccessKey } = stage.config.ops.s3!;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    for (const path of [archivePath, manifestPath]) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const sum = (where: string): string => stock('sha256sum', where).split(' ')[0]!;
      expect(sum(join(server.config().path, 'monthly', name))).toBe(sum(path));
      const copy = join(folder, 'from-s3');
      // Whoever has stored it may read it as well.
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `tiptop/monthly/${name}` }));
      await writeFile(copy, await Body!.transformToByteArray());
      expect(sum(copy)).toBe(sum(path));
    }
    client.destroy();
  });

  it('holds a dump that pg_restore restores, row by row as the manifest counts them', async () => {
    const { dump, rows } = manifest.database;
    expect(rows['public.tickets']).toBe(TICKETS);
    stock('gunzip', '--keep', dump);
    await database.query('CREATE DATABASE restored');
    const url = database.urlFor('restored');
    stock('pg_restore', '--exit-on-error', '--no-owner', '--dbname', url, dump.replace(/\.gz$/, ''));
    for (const [table, count] of Object.entries(rows)) {
      const [found] = await database.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`, url);
      expect([table, Number(found!.n)]).toEqual([table, count]);
    }
  });

  it('holds images that another engine loads under the same ids', async () => {
    const other = await DockerEngineRig.start();
    try {
      for (const { archive, reference, id } of manifest.images) {
        await other.docker('load', '--input', file(archive));
        // By its id, so that nothing that is tagged there is replaced.
        expect(await other.imageId(id)).toBe(id);
        expect(id).toBe(await engine.imageId(reference));
      }
      expect(manifest.images).toHaveLength(2);
    } finally {
      await other.stop();
    }
  }, 60_000);

  it('holds the configuration, and Jenkins with its keys and plugins', async () => {
    const app = join(folder, 'srv/app');
    for (const name of ['docker-compose.yml', '.env.production', 'nginx.conf', 'tls/privkey.pem', 'deploy.sh']) {
      expect(await readFile(file(join('config', app, name)), 'utf8')).toBe(await readFile(join(app, name), 'utf8'));
    }
    const home = stage.config.ops.jenkinsHome!;
    for (const name of ['credentials.xml', 'config.xml', 'secrets/master.key', 'secrets/hudson.util.Secret']) {
      expect(await readFile(file(`jenkins/${name}`))).toEqual(await readFile(join(home, name)));
    }
    for (const job of JENKINS_JOBS) expect(await readdir(file(`jenkins/jobs/${job}`))).toContain('config.xml');
    const plugins = (await readFile(file('jenkins/plugins.txt'), 'utf8')).split('\n');
    expect(plugins.filter((line) => /^plugin-/.test(line))).toEqual(
      JENKINS_PLUGINS.map(({ name, version }) => `${name}:${version}`),
    );
  });

  it('is remembered as restored into a scratch database, of which nothing is left', async () => {
    const trials = await stage.database.query<{ level: string; passed: boolean }[]>(
      'SELECT level, passed FROM backup_verifications WHERE backup_id = $1',
      [run.id],
    );
    expect(trials).toEqual([{ level: 'restore', passed: true }]);
    const databases = await database.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1',
    );
    expect(databases.map(({ datname }) => datname)).toEqual(['postgres', 'restored', 'tiptop']);
  });
});
