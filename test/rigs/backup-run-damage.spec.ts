import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type ArchiveVerdict, ArchiveVerification, type BackupRun, KeyPairs, type LocalBackup } from '@tiptop/ops';
import { SystemClock } from '@tiptop/platform';
import { extract } from 'tar-stream';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { plantJenkinsHome } from '../support/jenkins-home';
import { OpsStage } from '../support/ops-stage';

const BLOCK = 512;
const never = (): AbortSignal => new AbortController().signal;

/** A file in the plain tar. */
interface Place {
  name: string;
  /** Of its first byte. */
  at: number;
  bytes: number;
}

describe('A backup of a real run in which one byte is flipped afterwards', () => {
  let folder: string;
  let database: TestDatabase;
  let stage: OpsStage;
  let run: BackupRun;
  let kept: LocalBackup;
  let archive: Buffer;
  let manifestText: string;
  let recipients: string[];
  let identity: string;
  let strange: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-damage-'));
    const keyPairs = new KeyPairs(new SystemClock());
    const pairs = await Promise.all([1, 2, 3].map(async () => keyPairs.generate()));
    const files = pairs.map((_, n) => join(folder, `key-${n}`));
    for (const [n, pair] of pairs.entries()) await keyPairs.write(files[n]!, pair);
    [identity = '', , strange = ''] = files;
    recipients = pairs.slice(0, 2).map(({ recipient }) => recipient);
    const jenkinsHome = join(folder, 'jenkins');
    await plantJenkinsHome(jenkinsHome);
    await mkdir(join(folder, 'app'));
    for (const name of ['docker-compose.yml', 'nginx.conf']) await writeFile(join(folder, 'app', name), `of ${name}\n`);
    database = await createTestDatabase();
    stage = await OpsStage.set({
      databaseUrl: database.url,
      ops: { ageRecipients: recipients, configPaths: [join(folder, 'app')], jenkinsHome },
    });
    run = await stage.run();
    expect([run.status, run.reason]).toEqual(['succeeded', null]);
    kept = await stage.local.get(run.id);
    archive = await readFile(kept.archivePath);
    manifestText = await readFile(kept.manifestPath, 'utf8');
  }, 60_000);
  afterAll(async () => {
    await stage.strike();
    await database.drop();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    await writeFile(kept.archivePath, archive);
    await writeFile(kept.manifestPath, manifestText);
  });

  async function verdict(identityFile?: string): Promise<ArchiveVerdict> {
    const verification = stage.module.get(ArchiveVerification, { strict: false });
    return verification.verify({ id: run.id, identityFile, signal: never() });
  }

  /** As age itself decrypts it. */
  function plainTar(): Buffer {
    return execFileSync('age', ['--decrypt', '--identity', identity, kept.archivePath], { maxBuffer: 1 << 28 });
  }

  /** Where each file of a tar stands in it: in blocks of 512 bytes, behind headers that are one block or more. */
  async function placesIn(tar: Buffer): Promise<Place[]> {
    const places: Place[] = [];
    const reader = extract();
    reader.end(tar);
    let at = 0;
    for await (const entry of reader) {
      const content = await buffer(entry);
      do at += BLOCK;
      while (!tar.subarray(at, at + content.length).equals(content));
      places.push({ name: entry.header.name, at, bytes: content.length });
      at += Math.ceil(content.length / BLOCK) * BLOCK;
    }
    return places.filter(({ bytes }) => bytes > 0);
  }

  /** Puts a tar in the archive's place, encrypted as it was. */
  function replaceBy(tar: Buffer): void {
    const args = recipients.flatMap((recipient) => ['--recipient', recipient]);
    execFileSync('age', ['--encrypt', ...args, '--output', kept.archivePath], { input: tar });
  }

  async function flip(path: string, at: number): Promise<void> {
    const file = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, at);
    await file.close();
  }

  it('is told as sound before, and afterwards when it is back', async () => {
    expect(await verdict()).toMatchObject({ passed: true, method: 'hashed', fault: null });
    expect(await verdict(identity)).toMatchObject({ passed: true, method: 'opened', fault: null });
    // It is the encryption anew that the tests below stand on: by itself it changes nothing of what is in it.
    replaceBy(plainTar());
    expect(await verdict(identity)).toMatchObject({ passed: false, fault: 'manifest' });
  });

  it('in any of its files: that file is named, and no other', async () => {
    const tar = plainTar();
    const places = await placesIn(tar);
    const artifacts = run.manifest!.artifacts.filter(({ bytes }) => bytes > 0).map(({ path }) => path);
    expect(places.map(({ name }) => name).sort()).toEqual([...artifacts, 'manifest.json', 'SHA256SUMS'].sort());
    expect(artifacts.length).toBeGreaterThan(20);
    for (const { name, at, bytes } of places.filter((place) => artifacts.includes(place.name))) {
      const damaged = Buffer.from(tar);
      damaged[at + Math.floor(bytes / 2)]! ^= 1;
      replaceBy(damaged);
      const { passed, fault, detail } = await verdict(identity);
      expect([name, passed, fault]).toEqual([name, false, 'unsound']);
      expect(detail).toMatch(/^What the archive holds is not sound: [^;]*$/);
      expect(detail).toContain(`: ${name} is damaged: its SHA-256 is `);
    }
  }, 60_000);

  it.each(['manifest.json', 'SHA256SUMS'])('in its %s: that is named', async (name) => {
    const tar = plainTar();
    const { at, bytes } = (await placesIn(tar)).find((place) => place.name === name)!;
    for (const share of [0.02, 0.5, 0.98]) {
      const damaged = Buffer.from(tar);
      damaged[at + Math.floor(bytes * share)]! ^= 1;
      replaceBy(damaged);
      const { passed, fault, detail } = await verdict(identity);
      expect([share, passed, fault]).toEqual([share, false, 'unsound']);
      expect(detail).toContain(name);
    }
  });

  it('in the archive as it is encrypted: with a key and without', async () => {
    for (const at of [0, 40, 300, Math.floor(archive.length / 2), archive.length - 1]) {
      await flip(kept.archivePath, at);
      for (const key of [undefined, identity]) {
        const { passed, fault, detail } = await verdict(key);
        expect([at, passed, fault]).toEqual([at, false, 'damaged']);
        expect(detail).toContain(kept.archivePath);
      }
      await flip(kept.archivePath, at);
    }
    expect(await verdict(identity)).toMatchObject({ passed: true });
  });

  it('in the manifest beside it: that is at fault, wherever the byte is', async () => {
    const bytes = Buffer.byteLength(manifestText);
    for (let n = 0; n < 40; n++) {
      const at = Math.floor((bytes * n) / 40);
      await flip(kept.manifestPath, at);
      for (const key of [undefined, identity]) {
        const { passed, fault } = await verdict(key);
        expect([at, key !== undefined, passed]).toEqual([at, key !== undefined, false]);
        // Without a key it can't be told whether the archive is another one or what is said of it.
        expect(['manifest', ...(key === undefined ? ['damaged', 'cut-off'] : [])]).toContain(fault);
      }
      await flip(kept.manifestPath, at);
    }
  }, 60_000);

  it.each([
    ['sha256', /is sound, but its SHA-256 is \w+, and the manifest beside it says/],
    ['manifestSha256', /manifest/i],
  ])(
    'in what that manifest says of the archive, its %s: with a key, the archive is known to be sound',
    async (field, words) => {
      const value = (kept.manifest.archive as unknown as Record<string, string>)[field]!;
      // Still a number: one that nothing but the archive itself can tell from the right one.
      const other = (value.startsWith('0') ? '1' : '0') + value.slice(1);
      await writeFile(kept.manifestPath, manifestText.replace(value, other));
      const { passed, fault, detail } = await verdict(identity);
      expect([passed, fault]).toEqual([false, 'manifest']);
      expect(detail).toMatch(words);
      expect(await verdict()).toMatchObject({ passed: false });
    },
  );

  it('is not opened by a key that is none of its own, and that is what is said', async () => {
    const { passed, fault, detail } = await verdict(strange);
    expect([passed, fault]).toEqual([false, 'wrong-key']);
    expect(detail).toContain(recipients[0]!.slice(0, 12));
    expect(await verdict(identity)).toMatchObject({ passed: true });
  });
});
