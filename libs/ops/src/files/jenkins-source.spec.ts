import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { harvest, plant, temporaryFolder } from '../../../../test/support/file-tree';
import { sha256 } from '../../../../test/support/image-archives';
import {
  encryptedKey,
  JENKINS_JOBS,
  JENKINS_PLUGINS,
  manifestOf,
  pluginArchive,
  plantJenkinsHome,
} from '../../../../test/support/jenkins-home';
import { opsConfig } from '../../../../test/support/ops-config';
import { withoutPrivileges } from '../../../../test/support/privileges';
import type { SourceProduct } from '../backups/backup-source';
import { JenkinsSource } from './jenkins-source';

const never = new AbortController().signal;

describe('Jenkins in a backup', () => {
  let home: string;
  let folder: string;

  beforeEach(async () => {
    home = await temporaryFolder();
    folder = await temporaryFolder();
    await plantJenkinsHome(home);
  });
  afterEach(async () => {
    await rm(home, { recursive: true });
    await rm(folder, { recursive: true });
  });

  const at = (path: string) => join(home, path);
  const source = (jenkinsHome: string | undefined = home) => new JenkinsSource(opsConfig({ jenkinsHome }));

  async function produce(of = source()): Promise<SourceProduct> {
    return of.produce({ id: 'daily-x', folder, signal: never, progress: () => undefined });
  }

  async function pluginLines(): Promise<string[]> {
    return (await readFile(join(folder, 'jenkins/plugins.txt'), 'utf8')).split('\n');
  }

  it('is how it was set up, each file with its hash, and nothing that builds have made', async () => {
    const product = await produce();
    expect(product.warnings).toEqual([]);
    expect(product.tools).toEqual({ jenkins: '2.440.3' });
    expect(product.detail).toMatch(/^6 jobs, 30 plugins, 23 files of \d+\.\d kB$/);
    const files = await harvest(join(folder, 'jenkins'));
    expect(Object.keys(files).sort()).toEqual(
      [
        'config.xml',
        'credentials.xml',
        'hudson.model.UpdateCenter.xml',
        'identity.key.enc',
        'jenkins.install.UpgradeWizard.state',
        'jenkins.model.JenkinsLocationConfiguration.xml',
        'nodes/agent-1/config.xml',
        'plugins.txt',
        'secret.key',
        'secret.key.not-so-secret',
        'secrets/hudson.util.Secret',
        'secrets/jenkins.model.Jenkins.crumbSalt',
        'secrets/master.key',
        'userContent/readme.txt',
        'users/admin_8371/config.xml',
        'users/users.xml',
        'jobs/app/nextBuildNumber',
        ...JENKINS_JOBS.map((path) => `jobs/${path}/config.xml`),
      ].sort(),
    );
    expect(files['secrets/master.key']!.mode).toBe('600');
    for (const { path, bytes, sha256: hash } of product.artifacts) {
      const copy = await readFile(join(folder, path));
      expect([copy.length, sha256(copy)]).toEqual([bytes, hash]);
      if (path.endsWith('plugins.txt')) continue;
      expect((await readFile(at(path.slice('jenkins/'.length)))).equals(copy)).toBe(true);
    }
    expect(product.artifacts).toHaveLength(Object.keys(files).length);
  });

  it('lists the plugins with their versions as jenkins-plugin-cli takes them', async () => {
    await produce();
    expect(await pluginLines()).toEqual([
      '# Jenkins 2.440.3',
      '# disabled: plugin-07',
      ...JENKINS_PLUGINS.map(({ name, version }) => `${name}:${version}`),
      '',
    ]);
  });

  it.each(['secrets/master.key', 'secrets/hudson.util.Secret', 'config.xml'])('fails without %s', async (path) => {
    const why = "missing or empty, and Jenkins can't be set up again without it";
    await truncate(at(path));
    await expect(produce()).rejects.toMatchObject({ mayPass: false, message: `${at(path)}: ${why}` });
    await rm(at(path));
    await expect(produce()).rejects.toMatchObject({
      name: 'StepFailure',
      mayPass: false,
      message: `${at(path)}: ${why}`,
    });
  });

  it('names all that is missing', async () => {
    await rm(at('secrets'), { recursive: true });
    await expect(produce()).rejects.toThrow(
      `${at('secrets/master.key')}, ${at('secrets/hudson.util.Secret')}: missing`,
    );
  });

  it('fails without a folder of jobs, or a home', async () => {
    await rm(at('jobs'), { recursive: true });
    await expect(produce()).rejects.toMatchObject({ mayPass: false, message: `${at('jobs')} is missing` });
    await expect(produce(source(at('nowhere')))).rejects.toMatchObject({ message: `${at('nowhere')} is missing` });
  });

  it('fails where this user may not read a part of it', async () => {
    await chmod(at('secrets/master.key'), 0o000);
    const key = withoutPrivileges(() => produce());
    await expect(key).rejects.toMatchObject({ message: `${at('secrets/master.key')} may not be read by this user` });
    await chmod(at('secrets/master.key'), 0o644);
    await chmod(at('jobs/team'), 0o000);
    const job = withoutPrivileges(() => produce());
    await expect(job).rejects.toMatchObject({
      mayPass: false,
      message: `${at('jobs/team')} may not be read by this user`,
    });
    await chmod(at('jobs/team'), 0o755);
  });

  it('warns where the key of the credentials is not of this master key', async () => {
    const warning = `${at('secrets/hudson.util.Secret')} does not open with secrets/master.key: the credentials would be lost`;
    for (const secret of [encryptedKey('another master key'), randomBytes(272), Buffer.from('no key')]) {
      await writeFile(at('secrets/hudson.util.Secret'), secret);
      expect((await produce()).warnings).toEqual([warning]);
    }
  });

  it('warns where there are no credentials, no jobs, no plugins', async () => {
    await rm(at('credentials.xml'));
    await rm(at('plugins'), { recursive: true });
    await rm(at('jobs'), { recursive: true });
    await mkdir(at('jobs/left-over'), { recursive: true });
    const product = await produce();
    expect(product.warnings).toEqual([
      `${at('plugins')} is missing: Jenkins has no plugins`,
      `${at('credentials.xml')} is missing: no credentials were saved`,
      `${at('jobs')} holds no job`,
    ]);
    expect(await pluginLines()).toEqual(['# Jenkins 2.440.3', '']);
  });

  it('tells of a plugin whose archive is damaged by its folder, and warns', async () => {
    await truncate(at('plugins/plugin-00.jpi'), 5000);
    await writeFile(at('plugins/plugin-01.jpi'), await pluginArchive('Manifest-Version: 1.0\r\n'));
    await rm(at('plugins/plugin-01'), { recursive: true });
    await writeFile(at('plugins/plugin-02.jpi'), 'no archive');
    await rm(at('plugins/plugin-02'), { recursive: true });
    // Under its own name, whatever its file is called.
    await rename(at('plugins/plugin-04.jpi'), at('plugins/renamed.jpi'));
    await rm(at('plugins/plugin-04'), { recursive: true });
    await mkdir(at('plugins/no-plugin'));
    const product = await produce();
    expect(product.warnings).toEqual([
      'The plugin plugin-00.jpi: it is no ZIP file, or one cut off',
      'The plugin plugin-01.jpi: its manifest has no version',
      'The plugin plugin-02.jpi: it is no ZIP file, or one cut off',
    ]);
    const lines = await pluginLines();
    for (const n of [0, 4]) expect(lines).toContain(`plugin-0${n}:${JENKINS_PLUGINS[n]!.version}`);
    expect(lines.join()).not.toMatch(/plugin-0[12]|no-plugin|renamed/);
  });

  it('prefers what a plugin is to what it was unpacked into before', async () => {
    await plant(home, { 'plugins/plugin-00/META-INF/MANIFEST.MF': manifestOf('plugin-00', '0.older') });
    await produce();
    expect(await pluginLines()).toContain(`plugin-00:${JENKINS_PLUGINS[0]!.version}`);
  });

  it('follows its own folders to another disk, and jobs within them, but nothing that leads out', async () => {
    const disk = await temporaryFolder();
    await rename(at('jobs'), join(disk, 'jobs'));
    await symlink(join(disk, 'jobs'), at('jobs'));
    await symlink('app', join(disk, 'jobs/same'));
    await plant(disk, { 'elsewhere/config.xml': 'x' });
    await symlink(join(disk, 'elsewhere'), join(disk, 'jobs/out'));
    const product = await produce();
    await rm(disk, { recursive: true });
    const jobs = product.artifacts.map(({ path }) => path).filter((path) => path.endsWith('/config.xml'));
    expect(jobs).toEqual(
      expect.arrayContaining(['app', 'same', 'team'].map((job) => `jenkins/jobs/${job}/config.xml`)),
    );
    expect(product.warnings).toEqual([
      `${at('jobs/out')} is a link to ${join(disk, 'elsewhere')}, which is in none of the paths to be saved`,
    ]);
  });

  it('leaves nothing of an earlier attempt, and ends with the run', async () => {
    await plant(folder, { 'jenkins/old': 'x', 'jenkins/jobs/deleted/config.xml': 'x' });
    const { artifacts } = await produce();
    expect(Object.keys(await harvest(folder)).sort()).toEqual(artifacts.map(({ path }) => path).sort());
    const run = new AbortController();
    const ended = source().produce({
      id: 'x',
      folder,
      signal: run.signal,
      progress: (_text, done) => {
        if (done === 2) run.abort(new Error('the run ends'));
      },
    });
    await expect(ended).rejects.toThrow('the run ends');
  });

  it('is estimated as disks count', async () => {
    const { artifacts } = await produce();
    const bytes = (await source().estimate(never)) ?? 0;
    expect(bytes % 4096).toBe(0);
    // But for the list of plugins.
    expect(bytes).toBeGreaterThanOrEqual((artifacts.length - 1) * 8192 - 4096);
    expect(bytes).toBeLessThan(artifacts.length * 3 * 4096);
    await expect(source(at('nowhere')).estimate(never)).resolves.toBeUndefined();
  });

  it('is switched off by leaving its setting out', () => {
    expect(new JenkinsSource(opsConfig({ jenkinsHome: undefined })).disabled).toBe('JENKINS_HOME is not set');
    expect(source().disabled).toBeUndefined();
  });
});
