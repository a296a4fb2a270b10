import 'reflect-metadata';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Cli } from '../cli';

const KEY = `age1${'q'.repeat(58)}`;
const WHOLE = ['--env', 'preprod', '--public-url', 'https://api.preprod.example'];

describe('tiptop deploy prepare', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-prepare-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function prepare(...args: string[]): Promise<{ exitCode: number; said: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    const place = ['--path', join(folder, 'env'), '--backup-dir', join(folder, 'backups')];
    const exitCode = await new Cli({
      args: ['deploy', 'prepare', ...args, ...(args.includes('--path') ? [] : place)],
      variables: { DATA_DIR: join(folder, 'data') },
      stdin: Readable.from([]),
      stdout,
      stderr,
    }).run();
    stdout.end();
    stderr.end();
    return { exitCode, said: (await said).join('') };
  }

  it.each<[string, string[], RegExp]>([
    ['no environment', ['--public-url', 'https://a.example'], /--env is missing: dev, preprod, prod/],
    ['an unknown environment', ['--env', 'test'], /--env must be one of/],
    ['no address', ['--env', 'dev'], /--public-url is missing/],
    ['an address without TLS', ['--env', 'dev', '--public-url', 'http://a.example'], /--public-url must be https/],
    ['an address with a path', ['--env', 'dev', '--public-url', 'https://a.example/api'], /--public-url must be https/],
    [
      'an address with a login',
      ['--env', 'dev', '--public-url', 'https://u:p@a.example'],
      /--public-url must be https/,
    ],
    ['no address at all', ['--env', 'dev', '--public-url', 'a.example'], /--public-url must be https/],
    ['a registry’s URL', [...WHOLE, '--registry', 'https://images.example'], /--registry must be a host/],
    ['half a key', [...WHOLE, '--recipients', `${KEY},age1`], /--recipients must be public keys/],
    ['a path with a space', [...WHOLE, '--path', '/srv/the tip top'], /--path must be a folder whose path/],
    [
      'a path with a dollar',
      [...WHOLE, '--backup-dir', '/srv/$HOME', '--path', '/srv/x'],
      /--backup-dir must be a folder/,
    ],
  ])('answers 2 to %s, and makes nothing', async (_, args, said) => {
    const run = await prepare(...args);
    expect(run).toEqual({ exitCode: 2, said: expect.stringMatching(said) as unknown });
    expect(run.said).not.toMatch(/u:p@/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('answers 1 to production without keys, and makes nothing', async () => {
    const run = await prepare('--env', 'prod', '--public-url', 'https://api.example', '--recipients', KEY);
    expect(run).toEqual({ exitCode: 1, said: expect.stringMatching(/Two different public keys/) as unknown });
    expect(await readdir(folder)).not.toContain('env');
  });
});
