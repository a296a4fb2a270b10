import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpsConfig } from '@tiptop/platform';
import type { BackupSource, SourceProduct } from '../../libs/ops/src/backups/backup-source';
import { ConfigurationSource } from '../../libs/ops/src/files/configuration-source';
import { JenkinsSource } from '../../libs/ops/src/files/jenkins-source';
import { plant, temporaryFolder } from '../support/file-tree';
import { plantJenkinsHome } from '../support/jenkins-home';
import { opsConfig } from '../support/ops-config';
import { SmallDisk } from './support/small-disk';

const never = new AbortController().signal;

describe('Files on their way into a backup', () => {
  let machine: string;

  beforeEach(async () => {
    machine = await temporaryFolder();
  });
  afterEach(async () => {
    await rm(machine, { recursive: true });
  });

  const configuration = (ops: Partial<OpsConfig>) => new ConfigurationSource(opsConfig(ops));

  async function produce(source: BackupSource, folder: string): Promise<SourceProduct> {
    return source.produce({ id: 'daily-x', folder, signal: never, progress: () => undefined });
  }

  it('fail the step where the disk of the backup is full, listed as optional or not', async () => {
    await plant(machine, { 'app/large.bin': randomBytes(25_000_000) });
    await plantJenkinsHome(machine);
    await plant(machine, { 'userContent/large.bin': randomBytes(25_000_000) });
    const sources: [BackupSource, string][] = [
      [configuration({ configPaths: [join(machine, 'app')] }), 'app/large.bin'],
      [configuration({ optionalConfigPaths: [join(machine, 'app')] }), 'app/large.bin'],
      [new JenkinsSource(opsConfig({ jenkinsHome: machine })), 'userContent/large.bin'],
    ];
    for (const [source, file] of sources) {
      const disk = new SmallDisk();
      const full = produce(source, disk.folder);
      await expect(full).rejects.toMatchObject({
        name: 'StepFailure',
        message: `${join(machine, file)} can’t be written: the disk of the backup is full`,
      });
      // Once there is room again, the same folder will do.
      await rm(join(machine, file));
      await plant(machine, { [file]: 'small' });
      await expect(produce(source, disk.folder)).resolves.toMatchObject({ warnings: [] });
      disk.remove();
      await plant(machine, { [file]: randomBytes(25_000_000) });
    }
  }, 60_000);

  it('fail the step where their own disk is broken', async () => {
    // The memory of a process reads like a file whose disk is.
    const folder = join(machine, 'backup');
    await mkdir(folder);
    await expect(produce(configuration({ configPaths: ['/proc/self/mem'] }), folder)).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: true,
      message: '/proc/self/mem can’t be read from its disk',
    });
  });

  it('are warned of where their names are no UTF-8', async () => {
    await plant(machine, { 'app/file': 'x', 'backup/db': 'x' });
    await writeFile(Buffer.concat([Buffer.from(join(machine, 'app/f')), Buffer.from([0xff])]), 'x');
    const product = await produce(configuration({ configPaths: [join(machine, 'app')] }), join(machine, 'backup'));
    expect(product.warnings).toEqual([`${join(machine, 'app/f\uFFFD')} has a name that is not UTF-8`]);
    expect(product.artifacts).toHaveLength(1);
  });

  it('come out as stock programs read them', async () => {
    await plantJenkinsHome(machine);
    const folder = await temporaryFolder();
    const { artifacts } = await produce(new JenkinsSource(opsConfig({ jenkinsHome: machine })), folder);
    const sums = artifacts.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
    await writeFile(join(folder, 'SHA256SUMS'), sums);
    const checked = execFileSync('sha256sum', ['--strict', '--check', 'SHA256SUMS'], { cwd: folder }).toString();
    expect(checked.trim().split('\n')).toHaveLength(artifacts.length);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    expect(files).toHaveLength(artifacts.length + 1);
    await rm(folder, { recursive: true });
  });
});
