import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { copyFile, mkdtemp, open, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type SourceProduct, StepFailure } from '../../libs/ops/src/backups/backup-source';
import { hashFile } from '../../libs/ops/src/artifacts/hashed-file';
import { schema } from '../../migrations/data-source';
import '../support/one-realm';
import { backupContext, databaseParts, type DatabaseParts, DatabaseStage } from './support/database-stage';

const run = promisify(execFile);
const TICKETS = 500_000;
const CLIENTS = 8;

describe('The database, dumped while people play', () => {
  const { signal } = new AbortController();
  let stage: DatabaseStage;
  let parts: DatabaseParts;
  let folder: string;
  let product: SourceProduct;
  let dump: string;

  beforeAll(async () => {
    stage = await DatabaseStage.start();
    await stage.fill(TICKETS);
    // What a dump must bring back by its right name, and what it counts once.
    await stage.query(`
      CREATE SCHEMA "Odd.Schema";
      CREATE TABLE "Odd.Schema"."It""s.odd" (n int);
      INSERT INTO "Odd.Schema"."It""s.odd" SELECT generate_series(1, 7);
      CREATE TABLE parts (n int) PARTITION BY RANGE (n);
      CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
      CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (100);
      INSERT INTO parts SELECT generate_series(0, 49);
      CREATE TABLE parent (n int); CREATE TABLE child () INHERITS (parent);
      INSERT INTO parent SELECT generate_series(1, 3); INSERT INTO child SELECT generate_series(1, 5);
      CREATE UNLOGGED TABLE unlogged AS SELECT generate_series(1, 11) AS n;
      CREATE TABLE empty (n int);
      CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM parent`);
    parts = databaseParts(stage.url);
    folder = await mkdtemp(join(tmpdir(), 'tiptop-rig-dump-'));
  }, 300_000);
  afterAll(async () => {
    await stage.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Plays, opens and closes shops, until it is told to stop. @returns how many transactions */
  async function client(number: number, stopping: AbortSignal): Promise<number> {
    const connection = new Client({ connectionString: stage.url });
    await connection.connect();
    let done = 0;
    try {
      for (let n = number; !stopping.aborted; n += CLIENTS) {
        await connection.query('BEGIN');
        await connection.query(
          `UPDATE tickets SET status = 'pending', player_id = (SELECT id FROM users LIMIT 1), played_at = now(),
             prize_id = (SELECT id FROM prizes LIMIT 1), deck_position = $1 WHERE code = upper(lpad(to_hex($2::bigint * 7919), 10, '0'))`,
          [TICKETS + 1 + n, 10 * n + 9],
        );
        await connection.query(`INSERT INTO stores (name, city, created_at) VALUES ($1, 'Nice', now())`, [
          n.toString(),
        ]);
        if (n % 3 === 0) {
          await connection.query(`DELETE FROM stores WHERE name = $1`, [(n - 3 * CLIENTS).toString()]);
        }
        await connection.query(n % 10 === 0 ? 'ROLLBACK' : 'COMMIT');
        done++;
      }
    } finally {
      await connection.end();
    }
    return done;
  }

  async function liveCounts(): Promise<Record<string, number>> {
    const [row] = await stage.query<Record<string, string>>(
      `SELECT (SELECT count(*) FROM stores) AS stores, (SELECT count(*) FROM counter_changes) AS changes`,
    );
    return { stores: Number(row?.['stores']), changes: Number(row?.['changes']) };
  }

  it('is one artifact with its facts', async () => {
    const playing = new AbortController();
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(n, playing.signal));
    await sleep(500);
    const before = await liveCounts();
    const context = backupContext(folder);
    try {
      product = await parts.source.produce(context);
    } finally {
      playing.abort();
    }
    const played = (await Promise.all(clients)).reduce((sum, n) => sum + n, 0);
    const after = await liveCounts();

    const { database: facts, artifacts } = product;
    expect(artifacts).toEqual([
      { path: 'db/tiptop.dump.gz', ...(await hashFile(join(folder, 'db/tiptop.dump.gz'), signal)) },
    ]);
    dump = join(folder, artifacts[0]!.path);
    expect((await stat(dump)).mode & 0o777).toBe(0o600);
    expect(facts).toMatchObject({
      name: 'tiptop',
      serverVersion: expect.stringMatching(/^15\.\d+$/) as string,
      pgDumpVersion: expect.stringMatching(/^15\.\d+/) as string,
      migration: schema.migrations.at(-1)!.name,
      dump: 'db/tiptop.dump.gz',
    });
    expect(facts?.rows).toMatchObject({
      'public.tickets': TICKETS,
      'public.users': 100,
      '"Odd.Schema"."It""s.odd"': 7,
      'public.parts_low': 10,
      'public.parts_high': 40,
      'public.parent': 3,
      'public.child': 5,
      'public.unlogged': 11,
      'public.empty': 0,
    });
    expect(
      Object.keys(facts?.rows ?? {}).filter((table) => /public\.(parts|seen)$|pg_|information/.test(table)),
    ).toEqual([]);
    // People did play meanwhile: the moment of the dump is neither before nor after.
    expect(played).toBeGreaterThan(100);
    expect(facts?.rows['public.counter_changes']).toBeGreaterThanOrEqual(before['changes']!);
    expect(facts?.rows['public.counter_changes']).toBeLessThan(after['changes']!);

    expect(product.warnings).toEqual([]);
    expect(product).not.toHaveProperty('quarantine');
    expect(product.tools).toEqual({ pg_dump: facts?.pgDumpVersion, pg_restore: facts?.pgDumpVersion });
    expect(product.detail).toMatch(/^\d+ tables, \d+ rows, [\d.]+ MB; dumped in [\d.]+ s, verified in [\d.]+ s$/);
    expect(context.told.at(-1)).toBe('verifying the dump');
  }, 120_000);

  it('needs no more space than was foreseen, and not ten times less', async () => {
    const estimate = await parts.source.estimate(signal);
    const [{ bytes } = { bytes: 0 }] = product.artifacts;
    expect(estimate).toBeGreaterThan(bytes);
    expect(estimate).toBeLessThan(bytes * 10);
  });

  it('restores to exactly what was counted, whether read from a file or from a stream', async () => {
    for (const packed of [dump, createReadStream(dump)]) {
      const told: string[] = [];
      const verdict = await parts.scratch.restore(packed, product.database!, signal, (text) => told.push(text));
      expect(verdict).toMatchObject({ passed: true, differences: [], warnings: [] });
      expect(verdict.detail).toMatch(/^\d+ tables with \d+ rows restored in [\d.]+ s, as they were dumped$/);
      expect(told).toContain('processing data for table "public.tickets"');
    }
    expect(await scratchDatabases()).toEqual([]);
  }, 240_000);

  it('is found to differ where the manifest says otherwise', async () => {
    const facts = product.database!;
    const rows: Record<string, number> = { ...facts.rows, 'public.stores': -1, 'public.gone': 4 };
    delete rows['public.empty'];
    const wrong = { ...facts, migration: 'Later', rows };
    const verdict = await parts.scratch.restore(dump, wrong, signal);
    expect(verdict.passed).toBe(false);
    expect(verdict.differences).toEqual([
      'public.empty was not dumped',
      'public.gone is missing',
      `public.stores has ${facts.rows['public.stores']!} rows, where -1 were dumped`,
      `the newest migration is ${schema.migrations.at(-1)!.name}, where Later was dumped`,
    ]);
    expect(await scratchDatabases()).toEqual([]);
  }, 120_000);

  async function scratchDatabases(): Promise<string[]> {
    const rows = await stage.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE datname LIKE 'tiptop\\_scratch%' ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  }

  describe('and damaged on the disk', () => {
    const verify = async (path: string): Promise<StepFailure> => {
      const expected = { file: product.artifacts[0]!, facts: product.database! };
      const error: unknown = await parts.verifier.verify(path, expected, signal).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(StepFailure);
      return error as StepFailure;
    };

    async function damaged(work: (path: string, bytes: number) => Promise<void>): Promise<string> {
      const copy = join(folder, 'copy.dump.gz');
      await copyFile(dump, copy);
      await work(copy, (await stat(copy)).size);
      return copy;
    }

    it('verifies where it is whole', async () => {
      const expected = { file: product.artifacts[0]!, facts: product.database! };
      const copy = await damaged(() => Promise.resolve());
      expect(await parts.verifier.verify(copy, expected, signal)).toMatchObject({ warnings: [] });
    });

    // The sixth byte is the time of gzip, which nobody looks at but who knows the file's hash.
    it.each([0, 3, 5, 11, 0.001, 0.1, 0.5, 0.9, -9, -5, -1])('fails for one flipped bit at %d', async (place) => {
      const copy = await damaged(async (path, bytes) => {
        const at = place < 0 ? bytes + place : place < 1 ? Math.floor(bytes * place) : place;
        const file = await open(path, 'r+');
        const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
        await file.write(Buffer.from([buffer[0]! ^ 4]), 0, 1, at);
        await file.close();
      });
      expect((await verify(copy)).message).toMatch(/^verifying the dump: /);
    });

    it.each([0, 1, 20, 0.5, -8, -1])('fails where it is cut off at %d', async (place) => {
      const copy = await damaged(async (path, bytes) => {
        await truncate(path, place < 0 ? bytes + place : place < 1 ? Math.floor(bytes * place) : place);
      });
      expect((await verify(copy)).message).toMatch(/^verifying the dump: /);
    });

    it('fails where something follows, and where another dump stands in its place', async () => {
      const longer = await damaged(async (path) => {
        const file = await open(path, 'a');
        await file.write(Buffer.alloc(100));
        await file.close();
      });
      expect((await verify(longer)).message).toMatch(/the file has \d+ bytes, where \d+ were written/);
      const facts = { ...product.database!, dumpSha256: '0'.repeat(64) };
      const swapped = parts.verifier.verify(dump, { file: product.artifacts[0]!, facts }, signal);
      await expect(swapped).rejects.toThrow('the dump in it is not what was written');
      const artifact = { ...product.artifacts[0]!, sha256: '0'.repeat(64) };
      const renamed = parts.verifier.verify(dump, { file: artifact, facts: product.database! }, signal);
      await expect(renamed).rejects.toThrow('the file is not what was written');
    });

    it('does not restore, and leaves no scratch database', async () => {
      const copy = await damaged(async (path, bytes) => truncate(path, Math.floor(bytes / 2)));
      await expect(parts.scratch.restore(copy, product.database!, signal)).rejects.toThrow(/^restoring: pg_restore/);
      const other = { ...product.database!, dumpSha256: '0'.repeat(64) };
      await expect(parts.scratch.restore(dump, other, signal)).rejects.toThrow('not the one of the manifest');
      expect(await scratchDatabases()).toEqual([]);
    }, 120_000);
  });

  describe('and its leftovers', () => {
    it('are removed by name and age, and only where nobody is in them', async () => {
      const stamp = (ageSeconds: number) =>
        new Date(Date.now() - ageSeconds * 1000).toISOString().slice(0, 19).replace(/\D/g, '');
      const { stepSeconds } = parts.config.ops;
      const old = `tiptop_scratch_${stamp(stepSeconds + 60)}_0a1b2c3d`;
      const inUse = `tiptop_scratch_${stamp(stepSeconds + 60)}_0a1b2c3e`;
      const young = `tiptop_scratch_${stamp(stepSeconds - 60)}_0a1b2c3f`;
      const others = [
        'tiptop_scratch_mine',
        'tiptop_scratch_20200101000000_XYZ',
        'xtiptop_scratch_20200101000000_0a1b2c3d',
      ];
      for (const name of [old, inUse, young, ...others]) await stage.query(`CREATE DATABASE "${name}"`);
      const somebody = new Client({ connectionString: stage.urlFor(inUse) });
      await somebody.connect();
      try {
        expect(await parts.scratch.sweep(signal)).toEqual([old]);
        expect((await scratchDatabases()).sort()).toEqual([inUse, young, ...others.slice(0, 2)].sort());
      } finally {
        await somebody.end();
        for (const name of [inUse, young, ...others]) await stage.query(`DROP DATABASE "${name}" WITH (FORCE)`);
      }
    });

    it('are removed with the run’s end in the middle', async () => {
      const controller = new AbortController();
      const restoring = parts.scratch.restore(dump, product.database!, controller.signal, (text) => {
        if (text.includes('public.tickets')) controller.abort();
      });
      await expect(restoring).rejects.toThrow('restoring: the run stops');
      expect(await scratchDatabases()).toEqual([]);
    }, 60_000);
  });

  it('can’t be restored by a role without the right to make databases, which is told', async () => {
    await stage.query(`CREATE ROLE reader LOGIN PASSWORD 'spec'`);
    const { scratch } = databaseParts(stage.urlAs('reader', 'spec'));
    const failure: unknown = await scratch.restore(dump, product.database!, signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ mayPass: false });
    expect((failure as StepFailure).message).toMatch(
      /role reader may not create databases: ALTER ROLE "reader" CREATEDB/,
    );
  });

  it('opens with gzip and pg_restore alone', async () => {
    const copy = join(folder, 'stock.dump.gz');
    await copyFile(dump, copy);
    await run('gzip', ['--decompress', copy]);
    const { path } = await parts.tools.find('pg_restore', { major: 15, because: 'the dump' }, signal);
    const { stdout } = await run(path, ['--list', join(folder, 'stock.dump')]);
    expect(stdout).toMatch(/TABLE DATA public tickets/);
    expect(await hashFile(join(folder, 'stock.dump'), signal)).toEqual({
      bytes: product.database!.dumpBytes,
      sha256: product.database!.dumpSha256,
    });
  });
});
