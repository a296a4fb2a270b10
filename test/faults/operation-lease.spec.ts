import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '@tiptop/platform';
import { Client } from 'pg';
import { OperationLease } from '../../libs/ops/src/schedule/operation-lease';
import { LeaseLost, OperationUnderWay } from '../../libs/ops/src/schedule/operation.errors';
import { createTestDatabase, type TestDatabase } from '../support/database';
import type { HolderTask } from '../support/lease-holder';
import { LeaseProcess, turnsOf } from '../support/lease-process';
import { opsConfig } from '../support/ops-config';
import { until } from '../support/waiting';

const TIMES = { beatMs: 200, staleMs: 1500 };
/** For which a process tries to get its turns, on however busy a machine. */
const PATIENCE_MS = 90_000;
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing';
const { signal: unhurried } = new AbortController();

describe('The lease on an installation', () => {
  let database: TestDatabase;
  let observer: Client;
  let folder: string;
  let journal: string;
  const processes: LeaseProcess[] = [];
  /** Whatever a failed test left held. */
  const ends: (() => void)[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    observer = new Client({ connectionString: database.url });
    await observer.connect();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-lease-'));
    journal = join(folder, 'journal');
    await writeFile(journal, '');
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    for (const one of processes.splice(0)) await one.kill();
    await observer.query('DELETE FROM operation_leases');
    await rm(folder, { recursive: true });
  });
  afterAll(async () => {
    await observer.end();
    await database.drop();
  });

  /** @param host whose folder: the same one for all, unless told otherwise */
  function leaseOf(host = 'host', url = database.url, times = TIMES): OperationLease {
    const config = opsConfig({ backupDir: join(folder, host) }).with({ databaseUrl: url });
    return new OperationLease(config, createLogger('error', { write: () => undefined }), times);
  }
  async function start(name: string, task: Partial<HolderTask> = {}): Promise<LeaseProcess> {
    const started = await LeaseProcess.start({
      name,
      databaseUrl: database.url,
      backupDir: join(folder, 'host'),
      times: TIMES,
      journal,
      rounds: 1,
      workMs: 20_000,
      patienceMs: PATIENCE_MS,
      ...task,
    });
    processes.push(started);
    return started;
  }
  const untilItBegins = async (one: LeaseProcess): Promise<void> =>
    until('it has the lease', () => one.did.includes('begins'));
  const rows = async (): Promise<{ owner: string; operation: string }[]> =>
    (await observer.query<{ owner: string; operation: string }>('SELECT owner, operation FROM operation_leases')).rows;
  async function cutConnections(): Promise<number> {
    const { rowCount } = await observer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'tiptop lease' AND datname = current_database()`,
    );
    return rowCount ?? 0;
  }
  /** Holds a lease until it is told to let go. */
  function holding(lease: OperationLease): { signal: Promise<AbortSignal>; end: () => void; over: Promise<unknown> } {
    let end: () => void = () => undefined;
    let begun: (signal: AbortSignal) => void = () => undefined;
    const signal = new Promise<AbortSignal>((settle) => (begun = settle));
    const over = lease.hold('backup', unhurried, async (signal) => {
      begun(signal);
      await new Promise<void>((settle) => (end = settle));
    });
    over.catch(() => undefined);
    ends.push(() => {
      end();
    });
    return {
      signal,
      over,
      end: () => {
        end();
      },
    };
  }
  const free = async (lease: OperationLease): Promise<boolean> => {
    try {
      return await lease.hold('prune', unhurried, () => Promise.resolve(true));
    } catch (error) {
      if (error instanceof OperationUnderWay) return false;
      throw error;
    }
  };

  describe('in good times', () => {
    it.each(['host', 'another host'])('keeps others out on %s, and tells who is at work', async (host) => {
      const held = await leaseOf().hold('restore', unhurried, async (_, owner) => {
        const refusal = await leaseOf(host)
          .hold('backup', unhurried, () => Promise.resolve())
          .catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(OperationUnderWay);
        expect(refusal).toMatchObject({ code: 'OPERATION_UNDER_WAY', operation: 'restore', owner });
        expect(Date.now() - (refusal as OperationUnderWay).since!.getTime()).toBeLessThan(10_000);
        expect(await rows()).toEqual([{ operation: 'restore', owner }]);
        return 'what the work came to';
      });
      expect(held).toBe('what the work came to');
    });

    it('lets go of everything when the work ends, fails, or is given up', async () => {
      const lease = leaseOf();
      const stop = new AbortController();
      await lease.hold('backup', unhurried, () => Promise.resolve());
      await expect(lease.hold('drill', unhurried, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
      await expect(
        lease.hold('drill', stop.signal, async (signal) => {
          stop.abort(new Error('enough'));
          await pause(0);
          signal.throwIfAborted();
        }),
      ).rejects.toThrow('enough');
      await expect(lease.hold('drill', stop.signal, () => Promise.resolve())).rejects.toThrow('enough');
      expect(await rows()).toEqual([]);
      expect(await readdir(join(folder, 'host'))).toEqual([]);
      await until('no connection is left', async () => (await cutConnections()) === 0);
    });

    it('is one for each environment', async () => {
      const other = opsConfig({ backupDir: join(folder, 'other'), environment: 'preprod' });
      const lease = new OperationLease(
        other.with({ databaseUrl: database.url }),
        createLogger('error', { write: () => undefined }),
        TIMES,
      );
      await leaseOf().hold('backup', unhurried, async () => {
        expect(await free(lease)).toBe(true);
      });
    });

    it('is kept for longer than a silent one', async () => {
      const held = holding(leaseOf());
      const signal = await held.signal;
      await pause(TIMES.staleMs * 2);
      expect(await free(leaseOf())).toBe(false);
      expect(await free(leaseOf('another host'))).toBe(false);
      expect(signal.aborted).toBe(false);
      held.end();
      await held.over;
      expect(await free(leaseOf())).toBe(true);
    });

    it('never lets two processes of one host or two work at once', async () => {
      const task = { rounds: 6, workMs: 30, patienceMs: PATIENCE_MS };
      const two = join(folder, 'host 2');
      for (const [name, backupDir] of [['a'], ['b'], ['c', two], ['d', two]] as const) {
        await start(name, { ...task, ...(backupDir === undefined ? {} : { backupDir }) });
      }
      for (const one of processes) await one.ended();
      expect(turnsOf(journal)).toBe(24);
    });
  });

  describe('whose holder’s connection is cut', () => {
    it.each(['host', 'another host'])(
      'fires its signal at once, and lets nobody on %s begin before it has stopped',
      async (host) => {
        const held = holding(leaseOf());
        const signal = await held.signal;
        expect(await cutConnections()).toBe(1);
        await until('the signal fires', () => signal.aborted);
        expect(signal.reason).toBeInstanceOf(LeaseLost);
        expect((signal.reason as Error).message).toMatch(
          /^The lease on this installation was lost: its database connection has ended \(.*\)$/,
        );
        // It takes its time to stop: longer than a dead one would keep others out.
        const end = performance.now() + TIMES.staleMs * 2;
        while (performance.now() < end) expect(await free(leaseOf(host))).toBe(false);
        held.end();
        await held.over;
        expect(await free(leaseOf(host))).toBe(true);
        expect(await rows()).toEqual([]);
      },
    );

    it('never has two at once, however often it is cut', async () => {
      const task = { rounds: 4, workMs: 150, patienceMs: PATIENCE_MS };
      for (const name of ['a', 'b', 'c']) await start(name, { ...task, backupDir: join(folder, name) });
      let cuts = 0;
      while (!processes.every((one) => one.hasEnded)) {
        cuts += await cutConnections();
        await pause(60);
      }
      expect(cuts).toBeGreaterThan(5);
      expect(turnsOf(journal)).toBe(12);
      expect(processes.some((one) => one.did.some((what) => what.startsWith('lost ')))).toBe(true);
    });

    it('is lost where the server hangs, before others may take it', async () => {
      const held = holding(leaseOf());
      const signal = await held.signal;
      const { rows: sessions } = await observer.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'tiptop lease' AND datname = current_database()`,
      );
      expect(sessions).toHaveLength(1);
      const at = performance.now();
      process.kill(sessions[0]!.pid, 'SIGSTOP');
      await until('the signal fires', () => signal.aborted);
      expect(performance.now() - at).toBeLessThan(TIMES.staleMs + TIMES.beatMs);
      process.kill(sessions[0]!.pid, 'SIGCONT');
      expect((signal.reason as Error).message).toContain('it could not be kept alive for');
      held.end();
      await held.over;
      expect(await rows()).toEqual([]);
    });

    it('is lost where its row is taken away', async () => {
      const held = holding(leaseOf());
      const signal = await held.signal;
      await observer.query(`UPDATE operation_leases SET owner = 'somebody else'`);
      await until('the signal fires', () => signal.aborted);
      expect((signal.reason as Error).message).toContain("its row is gone or another one's");
      held.end();
      await held.over;
      expect(await rows()).toEqual([{ operation: 'backup', owner: 'somebody else' }]);
    });

    it('is lost where its lock file is taken away', async () => {
      const held = holding(leaseOf());
      const signal = await held.signal;
      await rm(join(folder, 'host', '.operation.lock'));
      await until('the signal fires', () => signal.aborted);
      expect((signal.reason as Error).message).toContain('the lock file');
      held.end();
      await held.over;
    });
  });

  describe('whose holder is killed with -9', () => {
    it('is taken at once on the same host', async () => {
      const victim = await start('victim');
      await untilItBegins(victim);
      expect(await free(leaseOf())).toBe(false);
      await victim.kill();
      await until('the connection is gone', async () => (await cutConnections()) === 0);
      const at = performance.now();
      expect(await free(leaseOf())).toBe(true);
      expect(performance.now() - at).toBeLessThan(TIMES.staleMs / 2);
    });

    it('is taken on another host once it has been silent for long enough', async () => {
      const victim = await start('victim');
      await untilItBegins(victim);
      const elsewhere = leaseOf('another host');
      await victim.kill();
      const at = performance.now();
      expect(await free(elsewhere)).toBe(false);
      await until('it is taken', async () => free(elsewhere));
      expect(performance.now() - at).toBeGreaterThan(TIMES.staleMs - 2 * TIMES.beatMs);
      expect(performance.now() - at).toBeLessThan(TIMES.staleMs + 1500);
    });

    it('never has two at once, whoever is killed', async () => {
      const dead: string[] = [];
      await start('heir', { rounds: 12, workMs: 40, patienceMs: PATIENCE_MS });
      for (let n = 0; n < 4; n++) {
        const victim = await start(`victim-${n}`);
        await untilItBegins(victim);
        dead.push(`victim-${n}`);
        await victim.kill();
      }
      await processes[0]!.ended();
      expect(turnsOf(journal, dead)).toBe(16);
    }, 60_000);
  });

  describe('whose holder is stopped', () => {
    it('goes to another one, and tells the first when it comes back, before it works on', async () => {
      const sleeper = await start('sleeper');
      await untilItBegins(sleeper);
      sleeper.signal('SIGSTOP');
      await pause(TIMES.beatMs);
      expect(await free(leaseOf())).toBe(false);
      const heir = await start('heir', { workMs: 1500 });
      await untilItBegins(heir);
      const before = sleeper.did.length;
      sleeper.signal('SIGCONT');
      await until('it finds out', () => sleeper.did.some((what) => what.startsWith('lost ')));
      // Of its timers, the one of its work may come first, once.
      expect(sleeper.did.slice(before).filter((what) => what === 'works').length).toBeLessThan(2);
      await sleeper.ended();
      await heir.ended();
      expect(heir.did.at(-2)).toBe('ends');
      expect(heir.did.some((what) => what.startsWith('lost '))).toBe(false);
      expect(await rows()).toEqual([]);
      expect(await free(leaseOf())).toBe(true);
    });
  });

  describe('while PostgreSQL is down', () => {
    it('is kept by the lock file among the processes of a host', async () => {
      const task = { databaseUrl: NOWHERE, rounds: 6, workMs: 30, patienceMs: PATIENCE_MS };
      for (const name of ['a', 'b', 'c']) await start(name, task);
      for (const one of processes) await one.ended();
      expect(turnsOf(journal)).toBe(18);
    });

    it('is taken from a dead one, and kept from all others meanwhile', async () => {
      const victim = await start('victim', { databaseUrl: NOWHERE });
      await untilItBegins(victim);
      expect(await free(leaseOf('host', NOWHERE))).toBe(false);
      // With PostgreSQL back, the file counts as well.
      expect(await free(leaseOf())).toBe(false);
      await victim.kill();
      expect(await free(leaseOf('host', NOWHERE))).toBe(true);
    });

    it('is kept by the lock file where the database is not there, or is empty', async () => {
      const empty = await createTestDatabase('template0');
      const missing = database.url.replace(database.name, 'no_such_database');
      for (const url of [empty.url, missing]) {
        await leaseOf('host', url).hold('restore', unhurried, async () => {
          expect(await free(leaseOf('host', url))).toBe(false);
        });
      }
      await empty.drop();
    });

    it('is not had at all where the database is there and lets nobody in', async () => {
      const url = database.url.replace(/\/\/[^@]*@/, '//nobody:wrong@');
      await expect(free(leaseOf('host', url))).rejects.toThrow('taking the lease on this installation');
      expect(await readdir(join(folder, 'host'))).toEqual([]);
    });
  });

  it('is kept where the clock of the database jumps ahead, and its row looks like a dead one’s', async () => {
    const held = holding(leaseOf());
    const signal = await held.signal;
    for (let n = 0; n < 10; n++) {
      await observer.query(`UPDATE operation_leases SET heartbeat_at = now() - interval '60 days'`);
      expect(await free(leaseOf('another host'))).toBe(false);
    }
    expect(signal.aborted).toBe(false);
    held.end();
    await held.over;
    expect(await free(leaseOf('another host'))).toBe(true);
  });

  it('is not kept out by a heartbeat of the future, of a database whose clock was set back', async () => {
    await observer.query(
      `INSERT INTO operation_leases (environment, operation, owner, heartbeat_at)
       VALUES ('dev', 'backup', 'long dead', now() + interval '1 day')`,
    );
    expect(await free(leaseOf())).toBe(true);
  });
});
