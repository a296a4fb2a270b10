import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SftpConfig } from '@tiptop/platform';
import { SftpStore } from '../../libs/ops/src/stores/sftp/sftp-store';
import { failureOf, freshName, itKeepsTheContract, LocalFiles, MB, never } from '../support/store-contract';
import { SmallDisk } from './support/small-disk';
import { SshServer } from './support/sshd';
import { StoreLog } from './support/store-log';
import { TcpRelay } from './support/tcp-relay';

const LIMITS = { totalMs: 60_000, stallMs: 10_000 };

describe('The backup server', () => {
  let server: SshServer;
  let files: LocalFiles;
  const log = new StoreLog();

  beforeAll(async () => {
    server = await SshServer.start();
    files = await LocalFiles.create();
  });
  afterAll(async () => {
    await server.stop();
    await files.remove();
  });
  afterEach(() => {
    log.clear();
  });

  function open(changes: Partial<SftpConfig> = {}, limits = LIMITS, at = server): SftpStore {
    return new SftpStore(at.config(changes), { limits, logger: log });
  }

  const names = async (kind: string, root = server.root): Promise<string[]> =>
    readdir(join(root, kind)).catch(() => []);
  const partsOf = async ({ kind, name }: { kind: string; name: string }): Promise<string[]> =>
    (await names(kind)).filter((entry) => entry.startsWith(`.${name}.`));

  describe('keeps the contract of stores', () => {
    itKeepsTheContract(() => ({ connect: () => open(), secrets: ['PRIVATE KEY'] }));
  });

  it('leaves nothing behind but what was put', async () => {
    const { kind, name } = freshName('pre-deploy');
    const store = open();
    await store.put({ kind, name, ...(await files.write(1 * MB)) }, never());
    await store.now(never());
    await store.freeBytes(never());
    expect(await names(kind)).toContain(name);
    expect((await names('.')).filter((entry) => entry.startsWith('.'))).toEqual([]);
    expect(await partsOf({ kind, name })).toEqual([]);
    expect((await stat(join(server.root, kind, name))).mode & 0o777).toBe(0o600);
    expect((await stat(join(server.root, kind))).mode & 0o777).toBe(0o700);
    // Connections are closed, not kept.
    for (let n = 0; (await server.sessions()).length > 0 && n < 100; n++) await sleep(20);
    expect(await server.sessions()).toEqual([]);
  });

  it('goes on while the keys of the connection are changed', async () => {
    const { kind, name } = freshName();
    const file = await files.write(100 * MB);
    const store = open();
    await store.put({ kind, name, ...file }, never());
    expect(await store.hash(kind, name, never())).toEqual({ bytes: file.bytes, sha256: file.sha256 });
    expect(await store.remove(kind, name, never())).toBe('removed');
  }, 120_000);

  it('takes one of two archives of one name that come at once, and it is whole', async () => {
    const { kind, name } = freshName();
    const both = await Promise.all([files.write(20 * MB), files.write(20 * MB)]);
    await Promise.all(both.map((file) => open().put({ kind, name, ...file }, never())));
    expect(both.map(({ sha256 }) => sha256)).toContain((await open().hash(kind, name, never())).sha256);
    expect(await partsOf({ kind, name })).toEqual([]);
  });

  it('sweeps the parts of broken uploads once they are a day old, and nothing else', async () => {
    const folder = join(server.root, 'weekly');
    await mkdir(folder, { recursive: true });
    const ages = {
      '.weekly-20261101T020000Z.tar.age.0123abcd.part': 24.1,
      '.weekly-20261108T020000Z.tar.age.0123abcd.part': 23.9,
      '.weekly-20261101T020000Z.manifest.json.0123abcd.part': 100,
      '.of-somebody-else.0123abcd.part': 100,
      'weekly-20261101T020000Z.tar.age': 100,
    };
    for (const [name, hours] of Object.entries(ages)) {
      await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), Date.now() / 1000, Date.now() / 1000 - hours * 3600);
    }
    const store = open();
    const listed = (await store.list(never())).filter(({ kind }) => kind === 'weekly').map(({ name }) => name);
    expect(listed).not.toContain('.weekly-20261108T020000Z.tar.age.0123abcd.part');
    expect(await open({}, { ...LIMITS, totalMs: 20 * 3_600_000 }).sweep(never())).toBe(1);
    expect(await store.sweep(never())).toBe(1);
    expect((await names('weekly')).filter((name) => name in ages).sort()).toEqual(
      [
        '.weekly-20261108T020000Z.tar.age.0123abcd.part',
        '.of-somebody-else.0123abcd.part',
        'weekly-20261101T020000Z.tar.age',
      ].sort(),
    );
  });

  it('works with a server that has nothing but the protocol', async () => {
    const bare = 'ForceCommand internal-sftp -P posix-rename,fsync,statvfs,fstatvfs,hardlink,limits';
    const plain = await SshServer.start([bare]);
    try {
      const store = open({}, LIMITS, plain);
      const { kind, name } = freshName();
      const [first, next] = [await files.write(1 * MB), await files.write(2 * MB)];
      await store.put({ kind, name, ...first, refuseExisting: true }, never());
      const other = open({}, LIMITS, plain);
      const failure = await failureOf(other.put({ kind, name, ...next, refuseExisting: true }, never()));
      expect(failure.message).toMatch(/exists already/);
      await other.put({ kind, name, ...next }, never());
      expect((await store.hash(kind, name, never())).sha256).toBe(next.sha256);
      expect(await store.freeBytes(never())).toBeUndefined();
      expect(await names(kind, plain.root)).toEqual([name]);
    } finally {
      await plain.stop();
    }
  });

  it('keeps what the user may not remove, and says why', async () => {
    const kept = await SshServer.start(['ForceCommand internal-sftp -P remove']);
    try {
      const store = open({}, LIMITS, kept);
      const { kind, name } = freshName();
      await store.put({ kind, name, ...(await files.write(10)) }, never());
      expect(await store.remove(kind, name, never())).toBe('kept');
      expect(log.text()).toMatch(/no right to remove it/);
      expect(await store.list(never())).toHaveLength(1);
      const part = join(kept.root, kind, '.daily-20261101T020000Z.tar.age.0123abcd.part');
      await writeFile(part, 'x');
      await utimes(part, 1, 1);
      expect(await store.sweep(never())).toBe(0);
      expect(log.text()).toMatch(/A part of a broken upload stays/);
      // What was made to learn the time stays as well: one, and it tells the time again.
      await utimes(join(kept.root, '.time'), 1, 1);
      expect(Math.abs((await store.now(never()))!.getTime() - Date.now())).toBeLessThan(5000);
      expect((await names('.', kept.root)).filter((entry) => entry.startsWith('.'))).toEqual(['.time']);
    } finally {
      await kept.stop();
    }
  });

  describe('refuses and is refused in words', () => {
    it('where the server shows another host key, before anything is sent', async () => {
      const { publicKey } = await server.createKey('another-host');
      const before = server.log();
      const failure = await failureOf(open({ hostKey: publicKey }).list(never()));
      expect(failure.message).toMatch(/shows the host key SHA256:\S{43} instead of SHA256:\S{43}: nothing was sent/);
      expect(failure.mayPass).toBe(false);
      await sleep(200);
      expect(server.log().slice(before.length)).not.toMatch(/publickey|Accepted|Failed/);
    });

    it('where the server has no host key of the type that is known', async () => {
      const { publicKey } = await server.createKey('rsa-host', ['-t', 'rsa', '-b', '2048']);
      const failure = await failureOf(open({ hostKey: publicKey }).list(never()));
      expect(failure.message).toMatch(/no host key of the configured type/);
      expect(failure.mayPass).toBe(false);
    });

    it('where the key is not let in', async () => {
      const { keyFile } = await server.createKey('stranger');
      const failure = await failureOf(open({ keyFile }).list(never()));
      expect(failure.message).toMatch(/refuses the key \(sftp:\/\/\S+@127\.0\.0\.1:\d+\/.*\)/);
      expect(failure.mayPass).toBe(false);
    });

    it('where the key has a passphrase, is none, or is not there', async () => {
      const { keyFile } = await server.createKey('sealed', ['-N', 'sesame']);
      const noKey = await files.write('not a key');
      for (const file of [keyFile, noKey.path]) {
        const failure = await failureOf(open({ keyFile: file }).list(never()));
        expect(failure.message).toMatch(/is not a private key in OpenSSH’s format without a passphrase/);
        expect(failure.mayPass).toBe(false);
      }
      const missing = await failureOf(open({ keyFile: '/nowhere/key' }).list(never()));
      expect(missing.message).toMatch(/\/nowhere\/key on this machine is not there/);
    });

    it('where the folder is missing, and makes none in its place', async () => {
      const path = join(server.root, 'not-mounted');
      const { kind, name } = freshName();
      const store = open({ path });
      const file = await files.write(1);
      for (const work of [
        () => store.put({ kind, name, ...file }, never()),
        () => store.list(never()),
        () => store.remove(kind, name, never()),
      ]) {
        const failure = await failureOf(work());
        expect(failure.message).toMatch(/there is no folder \S+not-mounted on the server/);
        expect(failure.mayPass).toBe(false);
      }
      expect(existsSync(path)).toBe(false);
    });

    it('where nobody listens', async () => {
      const failure = await failureOf(open({ port: 1 }).list(never()));
      expect(failure.message).toMatch(/the connection was refused: nothing listens there \(ECONNREFUSED\)/);
      expect(failure.mayPass).toBe(true);
    });

    it('where somebody listens and says nothing', async () => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const listing = failureOf(open({ port }, { ...LIMITS, stallMs: 500 }).list(never()));
      const { message } = await listing.finally(() => silent.close());
      expect(message).toMatch(/no byte for 0\.5 s/);
    });
  });

  describe('when a connection fails', () => {
    let relay: TcpRelay;
    beforeAll(async () => {
      // A long line, so that there is a middle of an upload.
      relay = await TcpRelay.open(server.port, 100);
    });
    afterAll(async () => {
      await relay.close();
    });

    const far = (limits = LIMITS) => open({ port: relay.port }, limits);

    /** Puts a file of 60 MB, and does something once a part of it is there. */
    async function putAnd(store: SftpStore, act: () => unknown, run = never()) {
      const { kind, name } = freshName();
      const file = { kind, name, ...(await files.write(60 * MB)) };
      let acted = false;
      const failure = await failureOf(
        store.put(file, run, (bytes) => {
          if (bytes < 5 * MB || acted) return;
          acted = true;
          void act();
        }),
      );
      expect(await names(kind)).not.toContain(name);
      return { failure, file };
    }

    it('is killed in the middle of an upload: named, nothing under the name, and the next try works', async () => {
      const store = far();
      const { failure, file } = await putAnd(store, () => server.signalSessions('SIGKILL'));
      expect(failure.message).toMatch(/the connection was cut/);
      expect(failure.mayPass).toBe(true);
      expect(await partsOf(file)).toHaveLength(1);
      await store.put(file, never());
      expect((await store.hash(file.kind, file.name, never())).sha256).toBe(file.sha256);
      // The second try takes the place of what was left of the first.
      expect(await partsOf(file)).toEqual([]);
    });

    it('falls silent in the middle of an upload: given up within its limits', async () => {
      const store = far({ ...LIMITS, stallMs: 1000 });
      let silentFrom = 0;
      const { failure } = await putAnd(store, () => {
        silentFrom = performance.now();
        return server.signalSessions('SIGSTOP');
      });
      expect(performance.now() - silentFrom).toBeLessThan(5000);
      expect(failure.message).toMatch(/^sftp: no byte for 1 s \(sftp:/);
      expect(failure.mayPass).toBe(true);
      await server.signalSessions('SIGKILL');
    });

    it('falls silent, and the run ends: stops at once', async () => {
      const run = new AbortController();
      const { failure } = await putAnd(
        far(),
        async () => {
          await server.signalSessions('SIGSTOP');
          run.abort();
        },
        run.signal,
      );
      expect(failure.message).toMatch(/stopped/);
      expect(failure.mayPass).toBe(false);
      await server.signalSessions('SIGKILL');
    });

    it('is closed under it: stops at once', async () => {
      const store = far();
      const { failure } = await putAnd(store, () => store.close());
      expect(failure.message).toMatch(/stopped/);
    });

    it('takes no more than its time', async () => {
      const { failure } = await putAnd(far({ totalMs: 1500, stallMs: 1000 }), () => undefined);
      expect(failure.message).toMatch(/took longer than 1\.5 s/);
    });

    it('falls silent while a file is read back', async () => {
      const { kind, name } = freshName();
      await open().put({ kind, name, ...(await files.write(60 * MB)) }, never());
      const over = new AbortController();
      const reading = failureOf(far({ ...LIMITS, stallMs: 1000 }).hash(kind, name, never())).finally(() => {
        over.abort();
      });
      await sleep(500);
      while (!over.signal.aborted) {
        await server.signalSessions('SIGSTOP');
        await sleep(50);
      }
      expect((await reading).message).toMatch(/no byte for 1 s/);
      await server.signalSessions('SIGKILL');
    });

    it('gives its manifest its name, and the answer is lost: put again by the same, refused to another', async () => {
      const { kind, name } = freshName('daily', '.manifest.json');
      const file = { kind, name, ...(await files.write('mine')), refuseExisting: true };
      const store = far();
      const putting = failureOf(store.put(file, never()));
      while (!existsSync(join(server.root, kind, name))) await sleep(1);
      relay.cut();
      expect((await putting).message).toMatch(/the connection was cut/);
      await store.put(file, never());
      expect((await failureOf(open().put(file, never()))).message).toMatch(/exists already/);
      expect(await partsOf({ kind, name })).toEqual([]);
    });
  });

  describe('when the server’s disk', () => {
    it('is full: says so, takes its part away again, and the next file finds room', async () => {
      const disk = new SmallDisk();
      try {
        const store = open({ path: disk.folder });
        const { kind, name } = freshName();
        const failure = await failureOf(store.put({ kind, name, ...(await files.write(30 * MB)) }, never()));
        expect(failure.message).toMatch(/the server’s disk is full: \d+ bytes are free/);
        expect(failure.mayPass).toBe(false);
        expect(await readdir(join(disk.folder, kind))).toEqual([]);
        expect(await store.freeBytes(never())).toBeGreaterThan(19 * MB);
        await store.put({ kind, name, ...(await files.write(10 * MB)) }, never());
        expect(await store.freeBytes(never())).toBeLessThan(11 * MB);
      } finally {
        disk.remove();
      }
    });

    it('cuts a file short after it was stored: found by reading back', async () => {
      const { kind, name } = freshName();
      const file = await files.write(5 * MB);
      const store = open();
      await store.put({ kind, name, ...file }, never());
      await truncate(join(server.root, kind, name), 2.5 * MB);
      const half = await store.hash(kind, name, never());
      expect(half.bytes).toBe(2.5 * MB);
      expect(half.sha256).not.toBe(file.sha256);
    });
  });

  it('does not fill this machine’s disk in silence', async () => {
    const disk = new SmallDisk();
    try {
      const { kind, name } = freshName();
      const store = open();
      await store.put({ kind, name, ...(await files.write(30 * MB)) }, never());
      const failure = await failureOf(store.download(kind, name, join(disk.folder, 'back'), never()));
      expect(failure.message).toMatch(/on this machine does not fit: the disk is full \(ENOSPC\)/);
      expect(failure.mayPass).toBe(false);
      expect(await readdir(disk.folder)).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
