import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type BackupContext, StepFailure } from '../../libs/ops/src/backups/backup-source';
import { DumpSnapshot } from '../../libs/ops/src/database/dump-snapshot';
import '../support/one-realm';
import { until } from '../support/waiting';
import {
  backupContext,
  childrenNamed,
  databaseParts,
  type DatabaseParts,
  DatabaseStage,
} from './support/database-stage';

/** More than the small file system of one of the tests holds, and enough to be in the middle of. */
const BALLAST_MEGABYTES = 60;

describe('The dump of a database', () => {
  const { signal } = new AbortController();
  let stage: DatabaseStage;
  let parts: DatabaseParts;
  let folder: string;

  beforeAll(async () => {
    stage = await DatabaseStage.start();
    await stage.fill(1000);
    await stage.ballast(BALLAST_MEGABYTES);
    parts = databaseParts(stage.url);
  }, 300_000);
  afterAll(async () => {
    await stage.stop();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-rig-faults-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    // Whatever happened: nothing goes on.
    await until('no program runs', async () => {
      const running = await Promise.all(['pg_dump', 'pg_restore'].map(childrenNamed));
      return running.flat().length === 0;
    });
  });

  async function failureOf(work: Promise<unknown>): Promise<StepFailure> {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StepFailure);
    return error as StepFailure;
  }

  /** Does something once, as soon as the dump is in its middle; fails where the fault can't be injected. */
  function inTheMiddle(fault: () => Promise<void>): { context: BackupContext; injected: () => Promise<void> } {
    let begun: Promise<void> | undefined;
    const progress = (text: string): void => {
      if (text.endsWith('dumped')) begun ??= fault();
    };
    return {
      context: backupContext(folder, { progress }),
      injected: async () => {
        expect(begun).toBeDefined();
        await begun;
      },
    };
  }

  async function thePgDump(): Promise<{ pid: number; args: string[] }> {
    const [found, ...others] = await childrenNamed('pg_dump');
    expect(others).toEqual([]);
    if (!found) throw new Error('pg_dump does not run');
    return found;
  }

  async function expectNothingLeft(): Promise<void> {
    expect(await readdir(join(folder, 'db'))).toEqual([]);
  }

  async function expectNextRunWorks(): Promise<void> {
    const { artifacts } = await parts.source.produce(backupContext(folder));
    expect(artifacts).toHaveLength(1);
  }

  it('fails where pg_dump is killed in the middle, and works the next time', async () => {
    const { context, injected } = inTheMiddle(async () => {
      process.kill((await thePgDump()).pid, 'SIGKILL');
    });
    const failure = await failureOf(parts.source.produce(context));
    await injected();
    expect(failure).toMatchObject({ message: 'dumping: pg_dump was killed by SIGKILL', mayPass: true });
    await expectNothingLeft();
    await expectNextRunWorks();
  }, 60_000);

  it('fails where pg_dump stands still', async () => {
    const { source } = databaseParts(stage.url, { ops: { stallSeconds: 2 } });
    const { context, injected } = inTheMiddle(async () => {
      process.kill((await thePgDump()).pid, 'SIGSTOP');
    });
    const failure = await failureOf(source.produce(context));
    await injected();
    expect(failure).toMatchObject({
      message: 'dumping: pg_dump was ended: nothing moved for too long',
      mayPass: true,
    });
    await expectNothingLeft();
  }, 60_000);

  it('fails where it takes longer than a step may', async () => {
    const { source } = databaseParts(stage.url, { ops: { stepSeconds: 1 } });
    const { context, injected } = inTheMiddle(async () => {
      process.kill((await thePgDump()).pid, 'SIGSTOP');
    });
    const failure = await failureOf(source.produce(context));
    await injected();
    expect(failure).toMatchObject({ message: 'dumping: it took longer than a step may', mayPass: true });
    await expectNothingLeft();
  }, 60_000);

  it('ends with the run', async () => {
    const controller = new AbortController();
    const { context, injected } = inTheMiddle(async () => {
      await thePgDump();
      controller.abort();
    });
    const failure = await failureOf(parts.source.produce({ ...context, signal: controller.signal }));
    await injected();
    expect(failure).toMatchObject({ message: 'dumping: the run stops', mayPass: false });
    await expectNothingLeft();
  }, 60_000);

  it('fails where the disk is full', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', folder]);
    try {
      const failure = await failureOf(parts.source.produce(backupContext(folder)));
      expect(failure.message).toMatch(/^dumping: pg_dump was ended: its data could not be passed on \(ENOSPC/);
      await expectNothingLeft();
    } finally {
      execFileSync('umount', [folder]);
    }
  }, 60_000);

  it('fails where the folder is not to be written', async () => {
    await writeFile(join(folder, 'db'), 'a file');
    const failure = await failureOf(parts.source.produce(backupContext(folder)));
    expect(failure.message).toMatch(/^dumping: EEXIST/);
  });

  it.each(['shut down', 'crashed'] as const)(
    'fails where the server is %s in the middle',
    async (how) => {
      const { context, injected } = inTheMiddle(async () => {
        await (how === 'crashed' ? stage.crash() : stage.shutDown());
      });
      const failure = await failureOf(parts.source.produce(context));
      await injected();
      expect(failure.message).toMatch(/^dumping: .*it was shut down|^dumping: pg_dump .*: PostgreSQL was shut down/);
      expect(failure.mayPass).toBe(true);
      await expectNothingLeft();

      const down = await failureOf(parts.source.produce(backupContext(folder)));
      expect(down.message).toMatch(/^dumping: database tiptop on 127\.0\.0\.1:\d+: nobody answers there/);
      expect(down.mayPass).toBe(true);
      expect(await failureOf(parts.source.estimate(signal))).toMatchObject({ mayPass: true });

      await stage.startAgain();
      await expectNextRunWorks();
    },
    120_000,
  );

  it('fails where the connection that holds the snapshot is cut in the middle', async () => {
    const { context, injected } = inTheMiddle(async () => {
      await stage.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptop backup'`,
      );
    });
    const failure = await failureOf(parts.source.produce(context));
    await injected();
    expect(failure.message).toMatch(/^dumping: database tiptop on .*: it was shut down, or the connection was cut/);
  }, 60_000);

  it('shows its password to nobody', async () => {
    const { password } = new URL(stage.url);
    let args: string[] = [];
    const { context, injected } = inTheMiddle(async () => {
      ({ args } = await thePgDump());
    });
    await parts.source.produce(context);
    await injected();
    expect(args.join(' ')).toMatch(/--snapshot=/);
    expect(args.join(' ')).not.toContain(password);
  }, 60_000);

  it('is quarantined where it is suspiciously small', async () => {
    const huge = databaseParts(stage.url, { earlier: [9e9, 9e9, 9e9] });
    const product = await huge.source.produce(backupContext(folder));
    expect(product.quarantine).toMatch(/less than half the median of the last 3 \(9000000000\)/);
    expect(product.warnings).toEqual([product.quarantine]);
    const usual = databaseParts(stage.url, { earlier: [product.database!.dumpBytes] });
    expect(await usual.source.produce(backupContext(folder))).toMatchObject({ warnings: [] });
    const unknown = await databaseParts(stage.url, { earlier: 'no such table' }).source.produce(backupContext(folder));
    expect(unknown.warnings).toEqual([expect.stringMatching(/suspiciously small can't be told \(no such table\)/)]);
    expect(unknown).not.toHaveProperty('quarantine');
  }, 60_000);

  describe('by programs that don’t fit', () => {
    /** Programs of a name that say that they are of a version. */
    async function programs(versions: Record<string, string>): Promise<string> {
      const bin = join(folder, 'bin');
      await mkdir(bin, { recursive: true });
      for (const [name, version] of Object.entries(versions)) {
        await writeFile(join(bin, name), `#!/bin/sh\necho "${name} (PostgreSQL) ${version}"\n`);
        await chmod(join(bin, name), 0o755);
      }
      return bin;
    }

    it('is refused where pg_dump is older than the server', async () => {
      const { source } = databaseParts(stage.url, { folders: [await programs({ pg_dump: '14.9 (Debian)' })] });
      const failure = await failureOf(source.produce(backupContext(folder)));
      expect(failure.mayPass).toBe(false);
      expect(failure.message).toMatch(
        /^pg_dump 14\.9 \(.*\/bin\/pg_dump\) is older than the server, release 15: install the package postgresql-client-15 /,
      );
    });

    it('says which package to install where there is none', async () => {
      const { source } = databaseParts(stage.url, { folders: [await programs({})] });
      const failure = await failureOf(source.produce(backupContext(folder)));
      expect(failure.mayPass).toBe(false);
      expect(failure.message).toMatch(/^pg_dump is not installed: install the package postgresql-client-15 /);
    });

    it('is refused where pg_restore is older than the dump', async () => {
      const { path } = await parts.tools.find('pg_dump', { major: 15, because: 'the server' }, signal);
      const bin = await programs({ pg_restore: '13.1' });
      await writeFile(join(bin, 'pg_dump'), `#!/bin/sh\nexec ${path} "$@"\n`);
      await chmod(join(bin, 'pg_dump'), 0o755);
      const old = databaseParts(stage.url, { folders: [bin] });
      const failure = await failureOf(old.source.produce(backupContext(folder)));
      expect(failure.mayPass).toBe(false);
      expect(failure.message).toMatch(/^pg_restore 13\.1 .* is older than the pg_dump that made the dump, release 15/);

      const product = await parts.source.produce(backupContext(folder));
      const dump = join(folder, product.database!.dump);
      const restored = await failureOf(old.scratch.restore(dump, product.database!, signal));
      expect(restored.message).toMatch(/^pg_restore 13\.1 /);
    }, 60_000);

    it('is not restored to an older server', async () => {
      const product = await parts.source.produce(backupContext(folder));
      const newer = { ...product.database!, serverVersion: '16.2' };
      const failure = await failureOf(parts.scratch.restore(join(folder, newer.dump), newer, signal));
      expect(failure).toMatchObject({ mayPass: false });
      expect(failure.message).toMatch(/scratch server is of release 15, older than the dumped one \(16\.2\)/);
      const left = await stage.query(`SELECT FROM pg_database WHERE datname LIKE 'tiptop_scratch%'`);
      expect(left).toHaveLength(0);
    }, 60_000);
  });

  describe('that is not to be had', () => {
    it.each<[string, (url: URL) => void, boolean]>([
      ['there is no such database', (url) => (url.pathname = '/nowhere'), false],
      ['the password of role tiptop is refused', (url) => (url.password = 'wrong'), false],
      ['nobody answers there', (url) => (url.port = '1'), true],
      ['the name nowhere.invalid is not known', (url) => (url.hostname = 'nowhere.invalid'), true],
      [
        'it does not encrypt',
        (url) => {
          url.searchParams.set('sslmode', 'verify-full');
        },
        false,
      ],
      [
        "the database's URL can't be used",
        (url) => {
          url.searchParams.set('sslrootcert', '/nowhere/ca.pem');
        },
        false,
      ],
    ])(
      'says that %s',
      async (words, change, mayPass) => {
        const url = new URL(stage.url);
        const { password } = url;
        change(url);
        const failure = await failureOf(databaseParts(url.href).source.produce(backupContext(folder)));
        expect(failure.message).toContain(words);
        expect(failure.message).not.toContain(password);
        expect(failure.mayPass).toBe(mayPass);
      },
      30_000,
    );

    it('names the table that the role may not read, and dumps all once it may', async () => {
      await stage.query(`
        CREATE ROLE dumper LOGIN PASSWORD 'spec';
        GRANT USAGE ON SCHEMA public, pgboss TO dumper;
        GRANT SELECT ON ALL TABLES IN SCHEMA public, pgboss TO dumper;
        GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, pgboss TO dumper;
        REVOKE SELECT ON prizes FROM dumper`);
      const { source } = databaseParts(stage.urlAs('dumper', 'spec'));
      const table = await failureOf(source.produce(backupContext(folder)));
      expect(table).toMatchObject({ mayPass: false });
      expect(table.message).toMatch(/permission denied for table prizes \(role dumper; .*pg_read_all_data/);

      // Here pg_dump is the one that may not.
      await stage.query(`GRANT SELECT ON prizes TO dumper; CREATE SEQUENCE hidden`);
      const sequence = await failureOf(source.produce(backupContext(folder)));
      expect(sequence).toMatchObject({ mayPass: false });
      expect(sequence.message).toMatch(/^dumping: pg_dump ended with 1: .*permission denied for sequence hidden/);

      await stage.query(`GRANT pg_read_all_data TO dumper`);
      expect((await source.produce(backupContext(folder))).warnings).toEqual([]);

      // A policy that hides rows must not make a smaller dump of it.
      await stage.query(`ALTER TABLE prizes ENABLE ROW LEVEL SECURITY`);
      const policy = await failureOf(source.produce(backupContext(folder)));
      expect(policy.message).toMatch(/row-level security policy for table "prizes"/);
      await stage.query(`ALTER TABLE prizes DISABLE ROW LEVEL SECURITY; DROP SEQUENCE hidden`);
    }, 60_000);

    it('gives up where somebody keeps a table for himself, and says so', async () => {
      const holder = new Client({ connectionString: stage.url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE prizes IN ACCESS EXCLUSIVE MODE');
      try {
        const { source } = databaseParts(stage.url, { ops: { stallSeconds: 2 } });
        const failure = await failureOf(source.produce(backupContext(folder)));
        expect(failure.message).toMatch(/something holds a table for itself/);
        expect(failure.mayPass).toBe(true);
      } finally {
        await holder.end();
      }
    });

    it('gives up where the server answers nothing any more', async () => {
      const [backend] = await stage.query<{ pid: number }>(`SELECT pg_backend_pid() AS pid`);
      expect(backend?.pid).toBeGreaterThan(0);
      const { source } = databaseParts(stage.url, { ops: { stallSeconds: 2 } });
      let frozen: number | undefined;
      const watching = (async () => {
        // As soon as it waits for the table below.
        for (;;) {
          const [row] = await stage.query<{ pid: number }>(
            `SELECT pid FROM pg_stat_activity WHERE application_name = 'tiptop backup' AND wait_event_type = 'Lock'`,
          );
          if (row) {
            process.kill((frozen = row.pid), 'SIGSTOP');
            return;
          }
          await sleep(20);
        }
      })();
      const holder = new Client({ connectionString: stage.url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE prizes IN ACCESS EXCLUSIVE MODE');
      try {
        const started = performance.now();
        const failure = await failureOf(source.produce(backupContext(folder)));
        await watching;
        expect(failure.message).toMatch(/it does not answer in time/);
        expect(performance.now() - started).toBeLessThan(8000);
      } finally {
        if (frozen !== undefined) process.kill(frozen, 'SIGCONT');
        await holder.end();
      }
    }, 30_000);
  });

  describe('and those who change tables meanwhile', () => {
    const take = () => DumpSnapshot.take({ url: stage.url, doing: 'dumping', signal, answerMs: 10_000 });

    it('finds its tables as they were counted', async () => {
      const snapshot = await take();
      try {
        const emptied = stage.query(`SET lock_timeout = 300; TRUNCATE counter_slots`);
        await expect(emptied).rejects.toMatchObject({ code: '55P03' });
        await stage.query(`INSERT INTO stores (name, city, created_at) VALUES ('later', 'Nice', now())`);
        expect((await snapshot.rows(signal))['public.stores']).toBe(0);
        await snapshot.release();
      } finally {
        await snapshot.close();
      }
    });

    it('holds nobody up for long where a change has come between', async () => {
      const snapshot = await take();
      const changer = new Client({ connectionString: stage.url });
      await changer.connect();
      const changing = changer.query('ALTER TABLE stores ADD COLUMN meanwhile int');
      try {
        await until('the change waits', async () => {
          const waiting = await stage.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
          return waiting.length > 0;
        });
        const tool = await parts.tools.find('pg_dump', { major: 15, because: 'the server' }, signal);
        const started = performance.now();
        const what = { url: stage.url, tool, snapshot, path: 'db/x.dump.gz' };
        const failure = await failureOf(parts.pgDump.write(what, backupContext(folder), signal));
        expect(failure.message).toMatch(
          /^dumping: pg_dump ended with 1: something changes the form of a table \(.*timeout/,
        );
        expect(failure.mayPass).toBe(true);
        expect(performance.now() - started).toBeLessThan(15_000);
      } finally {
        await snapshot.close();
        await changing;
        await changer.end();
      }
      await stage.query('ALTER TABLE stores DROP COLUMN meanwhile');
    }, 30_000);
  });
});
