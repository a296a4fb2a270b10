import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Backend } from '../backend/backend';
import { Stdin } from '../input/stdin';
import { Output } from '../output/output';
import { BackupKeygen } from './backup-keygen.command';

describe('backup keygen', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-keygen-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function keygen(options: { output?: string }, json = false): Promise<{ stdout: string; stderr: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const output = new Output(json, stdout, stderr);
    await new BackupKeygen(new Backend({}, output), output, new Stdin(new PassThrough())).run([], options);
    return { stdout: String(stdout.read()), stderr: String(stderr.read()) };
  }

  it('writes the private key into a new file, and prints the public one', async () => {
    const path = join(folder, 'key');
    const { stdout, stderr } = await keygen({ output: path });
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^# created: .*Z\n# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/);
    expect(text).toContain(`# public key: ${stdout}`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(stderr).toContain(`The private key is in ${path}.`);
    expect(stderr).toContain('BACKUP_AGE_RECIPIENTS');
    expect(stdout + stderr).not.toContain('AGE-SECRET-KEY');
    await expect(keygen({ output: path })).rejects.toMatchObject({
      code: 'KEY_NOT_WRITTEN',
      message: `${path} can’t be written: there is a file of this name, and a key is never overwritten.`,
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('prints the private key on stdout alone where no file is named', async () => {
    const { stdout, stderr } = await keygen({});
    expect(stdout).toMatch(/^# created: .*Z\n# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/);
    expect(stderr).toContain(/age1[a-z0-9]{58}/.exec(stdout)![0]);
    expect(stderr).not.toContain('AGE-SECRET-KEY');
  });

  it('prints one JSON document when asked to', async () => {
    const { stdout } = await keygen({}, true);
    expect(JSON.parse(stdout)).toEqual({
      recipient: expect.stringMatching(/^age1/) as string,
      identity: expect.stringMatching(/^AGE-SECRET-KEY-1/) as string,
    });
    const path = join(folder, 'json');
    const written = await keygen({ output: path }, true);
    expect(JSON.parse(written.stdout)).toEqual({ recipient: expect.stringMatching(/^age1/) as string, file: path });
  });
});
