import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveVerification } from '../../libs/ops/src/verification/archive-verification';
import { RestoreCheck } from '../../libs/ops/src/verification/restore-check';
import '../support/one-realm';
import { daily, TICKETS, TrialStage } from './support/trial-stage';

const { signal } = new AbortController();

describe('Backups, looked at one by one', () => {
  let stage: TrialStage;

  beforeAll(async () => {
    stage = await TrialStage.start();
  }, 300_000);
  afterAll(() => stage.stop());
  beforeEach(() => stage.reset());

  describe('by hand', () => {
    const verification = (): ArchiveVerification =>
      new ArchiveVerification(stage.config, stage.places, stage.reader, stage.clock);

    it('are hashed without a key, and opened with one, locally and from a store', async () => {
      const manifest = await stage.make(daily(22));
      const archive = { bytes: manifest.archive.bytes, sha256: manifest.archive.sha256, artifacts: 1 };
      const good = { id: daily(22), passed: true, fault: null, quarantined: null, archive };
      const [id, identityFile] = [daily(22), stage.keys.drill.file];
      expect(await verification().verify({ id, signal })).toMatchObject({ ...good, place: 'local', method: 'hashed' });
      expect(await verification().verify({ id, identityFile, signal })).toMatchObject({
        ...good,
        place: 'local',
        method: 'opened',
        detail: 'the archive is as its manifest says, and so is each of the 1 files in it',
      });
      await stage.upload(manifest);
      for (const key of [undefined, identityFile]) {
        const verdict = await verification().verify({ id, identityFile: key, from: 's3', signal });
        expect(verdict).toMatchObject({ ...good, place: 's3', method: key === undefined ? 'hashed' : 'opened' });
      }
      expect(await stage.leftovers()).toEqual([]);
      await expect(verification().verify({ id, signal })).rejects.toMatchObject({ name: 'StepFailure' });
      await expect(verification().verify({ id, from: 'ftp', signal })).rejects.toThrow('There is no place "ftp"');
      await expect(verification().verify({ id: '../x', from: 's3', signal })).rejects.toThrow('no backup’s name');
    });

    it('are told to be damaged, or of another key, and nothing stays', async () => {
      const manifest = await stage.make(daily(22));
      const { archivePath } = await stage.local.get(daily(22));
      const whole = await readFile(archivePath);
      const bytes = Buffer.from(whole);
      bytes[bytes.length >> 1]! ^= 1;
      const id = daily(22);
      expect(await verification().verify({ id, identityFile: stage.keys.strange.file, signal })).toMatchObject({
        passed: false,
        fault: 'wrong-key',
      });
      await writeFile(archivePath, bytes);
      for (const identityFile of [undefined, stage.keys.drill.file]) {
        const verdict = await verification().verify({ id, identityFile, signal });
        expect(verdict).toMatchObject({ passed: false, fault: 'damaged', place: 'local' });
      }
      await writeFile(archivePath, whole);
      await stage.upload(manifest);
      stage.store.misread((stored, path) => (path.endsWith('.age') ? bytes : stored));
      for (const identityFile of [undefined, stage.keys.drill.file]) {
        const verdict = await verification().verify({ id, identityFile, from: 's3', signal });
        expect(verdict).toMatchObject({ passed: false, fault: 'damaged', archive: { artifacts: 1 } });
      }
      stage.store.misread((stored, path) => (path.endsWith('.json') ? Buffer.from('{}') : stored));
      expect(await verification().verify({ id, from: 's3', signal })).toMatchObject({
        passed: false,
        fault: 'manifest',
        archive: null,
      });
      expect(await stage.leftovers()).toEqual([]);
    });
  });

  describe('each night', () => {
    const id = daily(22);
    const check = (recorded = stage.log): RestoreCheck =>
      new RestoreCheck(stage.config, stage.parts.scratch, recorded, stage.clock);
    const request = (): Parameters<RestoreCheck['verify']>[0] => ({
      id,
      dump: stage.dump,
      facts: stage.facts,
      signal,
      progress: (text) => stage.told.push(text),
    });

    it('are restored from the dump of the run, counted, and recorded, with the room that it takes', async () => {
      const outcome = await check().verify(request());
      expect(outcome).toEqual({
        passed: true,
        warnings: [],
        detail: expect.stringMatching(
          /as they were dumped; the scratch server needs \d+\.\d MB for it, as the live database has$/,
        ) as string,
      });
      expect(await stage.rows()).toEqual([
        { backup_id: id, level: 'restore', source: 'local', passed: true, detail: outcome.detail },
      ]);
      expect(stage.told[0]).toMatch(/^restoring into a scratch database; the scratch server needs/);
      expect(await stage.leftovers()).toEqual([]);
    });

    it('do not pass where a row is missing, and the table is named', async () => {
      const outcome = await check().verify({ ...request(), facts: stage.oneMore });
      expect(outcome).toMatchObject({ passed: false });
      expect(outcome.detail).toContain(`public.tickets has ${TICKETS} rows, where ${TICKETS + 1} were dumped`);
      expect(await stage.rows()).toMatchObject([{ passed: false, detail: outcome.detail }]);
    });

    it('are recorded as not passed where they can’t be restored, and that is a failure of the step', async () => {
      const dump = join(stage.folder, 'cut-off.dump.gz');
      const whole = await readFile(request().dump);
      await writeFile(dump, whole.subarray(0, whole.length / 2));
      await expect(check().verify({ ...request(), dump })).rejects.toMatchObject({ name: 'StepFailure' });
      expect(await stage.rows()).toMatchObject([
        { backup_id: id, passed: false, detail: expect.stringMatching(/^restoring: /) as string },
      ]);
      expect(await stage.leftovers()).toEqual([]);
    });

    it('leave no row where the run stops', async () => {
      const stopping = new AbortController();
      const progress = (): void => {
        stopping.abort();
      };
      await expect(check().verify({ ...request(), signal: stopping.signal, progress })).rejects.toMatchObject({
        name: 'StepFailure',
      });
      expect(await stage.rows()).toEqual([]);
    });

    it('have passed where that can’t be recorded, with a warning', async () => {
      const outcome = await check(stage.blindLog).verify(request());
      expect(outcome).toMatchObject({
        passed: true,
        warnings: [expect.stringMatching(/^the verification could not be recorded in the database: /)],
      });
    });
  });
});
