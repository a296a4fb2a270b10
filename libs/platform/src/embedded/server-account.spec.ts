import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { clusterDirOf } from './cluster';
import { EmbeddedPostgres } from './index';
import { ask } from './spec-support/ask';
import { processesIn, Scratch } from './spec-support/scratch';
import { findUnprivilegedUser } from './unprivileged-user';

// Those that can't run say so in the report, by name.
const asRoot =
  process.getuid?.() === 0
    ? describe
    : (name: string, specs: () => void) => {
        describe.skip(`NOT CHECKED, wants root: ${name}`, specs);
      };
const inOpenCheckout = isOpenToAll(process.execPath)
  ? it
  : (name: string, spec: () => Promise<void>) => {
      it.skip(`NOT CHECKED, other users can't enter the folder of this checkout: ${name}`, spec);
    };

/** What root has in a Docker container by default. */
const DOCKER =
  'chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,setfcap';

const DAC_OVERRIDE = 1n << 1n;
const DAC_READ_SEARCH = 1n << 2n;

asRoot('the account that PostgreSQL runs as, started by root', () => {
  const scratch = new Scratch();
  const standIn = findUnprivilegedUser(readFileSync('/etc/passwd', 'utf8'));
  afterEach(() => scratch.clear());

  it('is an ordinary one without any capability', async () => {
    // Programs of its own in an open folder: the checkout itself may lie in a closed one.
    const program = scratch.program({ ownBinaries: true });
    const dataDir = scratch.dataDir();
    const owner = scratch.process({ program, database: { dataDir } });
    await owner.report('started');
    expect(await credentials(dataDir)).toEqual({ uid: standIn?.uid, gid: standIn?.gid, groups: '', capabilities: 0n });
    expect(statSync(clusterDirOf(dataDir)).uid).toBe(standIn?.uid);
    await owner.stop();
  });

  it('reaches a data directory in a folder that is closed to it', async () => {
    const closed = scratch.folder(0o700);
    const dataDir = scratch.dataDir(join(closed, 'x'));
    for (const round of ['new', 'again']) {
      const database = await EmbeddedPostgres.start({ dataDir });
      expect(await credentials(dataDir)).toEqual({
        uid: standIn?.uid,
        gid: standIn?.gid,
        groups: '',
        capabilities: DAC_READ_SEARCH,
      });
      expect(await ask(database.url, `SELECT '${round}' AS value`)).toEqual([round]);
      await database.stop();
      expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
    }
    expect(statSync(closed).mode & 0o777).toBe(0o700);
  });

  it('reaches programs that were installed in a closed folder, without their links', async () => {
    const project = scratch.folder(0o700);
    const program = scratch.program({ parent: project, ownBinaries: true });
    const dataDir = scratch.dataDir(project);
    const owner = scratch.process({ program, database: { dataDir } });
    const { url } = await owner.report('started');
    expect(await ask(url, 'SELECT 1 AS value')).toEqual([1]);
    expect(serverProgram(await scratch.serverPid(dataDir)).startsWith(project)).toBe(true);
    await owner.stop();
  });

  it('reaches programs that only root may run', async () => {
    const project = scratch.folder(0o700);
    const program = scratch.program({ parent: project, ownBinaries: true });
    execFileSync('chmod', ['-R', 'go=', project]);
    const dataDir = scratch.dataDir(project);
    const owner = scratch.process({ program, database: { dataDir } });
    const { url } = await owner.report('started');
    expect(await ask(url, 'SELECT 1 AS value')).toEqual([1]);
    expect((await credentials(dataDir)).capabilities).toBe(DAC_OVERRIDE);
    await owner.stop();
  });

  it('works with the capabilities that root has in a Docker container', async () => {
    const program = scratch.program();
    const dataDir = scratch.dataDir(scratch.folder(0o700));
    const wrapper = ['setpriv', `--bounding-set=-all,+${DOCKER.replaceAll(',', ',+')}`];
    const first = scratch.process({ program, wrapper, database: { dataDir } });
    const { url } = await first.report('started');
    expect((await credentials(dataDir)).capabilities).toBe(DAC_OVERRIDE);
    await first.kill();

    const heir = scratch.process({ program, wrapper, database: { dataDir } });
    expect(await heir.report('started')).toMatchObject({ url, owned: true });
    await heir.stop();
    expect(processesIn(clusterDirOf(dataDir))).toEqual([]);
  });

  it('that cannot reach the folder in any way is told in one line', async () => {
    const program = scratch.program();
    const dataDir = scratch.dataDir(scratch.folder(0o700));
    const wrapper = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
    const owner = scratch.process({ program, wrapper, database: { dataDir } });
    const { message, expected } = await owner.report('failed');
    expect(expected).toBe(true);
    expect(message).toMatch(/^PostgreSQL does not run as root, and the account \w+ cannot reach .*Permission denied/);
    expect(message).toContain('set DATABASE_URL');
    expect(message).not.toContain('\n');
  });

  it('is told in one line when root may not change accounts', async () => {
    const program = scratch.program();
    const wrapper = ['setpriv', '--bounding-set=-setuid,-setgid'];
    const owner = scratch.process({ program, wrapper, database: { dataDir: scratch.dataDir() } });
    const { message, expected } = await owner.report('failed');
    expect(expected).toBe(true);
    expect(message).toMatch(/^PostgreSQL does not run as root, .*EPERM.* or set DATABASE_URL\.$/);
  });

  inOpenCheckout('remains the one that made the cluster, for itself and for root', async () => {
    const nobody = { uid: 65534, gid: 65534 };
    const program = scratch.program();
    const home = scratch.folder();
    chownSync(home, nobody.uid, nobody.gid);
    const dataDir = scratch.dataDir(home);
    const maker = scratch.process({ program, database: { dataDir }, ...nobody });
    await maker.report('started');
    expect(await credentials(dataDir)).toMatchObject({ ...nobody, capabilities: 0n });
    await maker.stop();

    const database = await EmbeddedPostgres.start({ dataDir });
    expect(await credentials(dataDir)).toMatchObject({ ...nobody, capabilities: 0n });
    await database.stop();

    const again = scratch.process({ program, database: { dataDir }, ...nobody });
    await again.report('started');
    await again.stop();
  });

  it('is given a cluster that root has restored', async () => {
    const dataDir = scratch.dataDir();
    await (await EmbeddedPostgres.start({ dataDir })).stop();
    execFileSync('chown', ['-R', '0:0', dataDir]);
    chmodSync(clusterDirOf(dataDir), 0o755);
    const database = await EmbeddedPostgres.start({ dataDir });
    expect(await ask(database.url, 'SELECT 1 AS value')).toEqual([1]);
    await database.stop();
    expect(execFileSync('find', [clusterDirOf(dataDir), '-user', 'root'], { encoding: 'utf8' })).toBe('');
  });

  inOpenCheckout('of another person refuses an ordinary user in one line', async () => {
    const program = scratch.program();
    const dataDir = scratch.dataDir();
    mkdirSync(clusterDirOf(dataDir), { recursive: true });
    chownSync(clusterDirOf(dataDir), 4711, 4711);
    const owner = scratch.process({ program, database: { dataDir }, uid: 65534, gid: 65534 });
    const { message, expected } = await owner.report('failed');
    expect(expected).toBe(true);
    expect(message).toMatch(/belongs to user 4711, not to this one \(65534\): run as that user/);
  });

  async function credentials(dataDir: string): Promise<Record<string, unknown>> {
    const status = readFileSync(`/proc/${await scratch.serverPid(dataDir)}/status`, 'utf8');
    const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)?.[1] ?? '';
    return {
      uid: Number(field('Uid').split('\t')[0]),
      gid: Number(field('Gid').split('\t')[0]),
      groups: field('Groups'),
      capabilities: BigInt(`0x${field('CapEff')}`),
    };
  }

  function serverProgram(pid: number): string {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
  }
});

/** Whether every account can enter all folders on the way to a file. */
function isOpenToAll(file: string): boolean {
  const folder = dirname(file);
  return (statSync(folder).mode & 0o001) !== 0 && (folder === dirname(folder) || isOpenToAll(folder));
}
