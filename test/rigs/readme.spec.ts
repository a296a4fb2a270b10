import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SERVICE = resolve('dist/apps/api/src/main.js');

describe('The README', () => {
  it('has curl lines that register, play and claim, pasted as they stand', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-readme-'));
    const environment = { PATH: process.env.PATH, PORT: '0', METRICS_PORT: '0' };
    const service = spawn(process.execPath, [SERVICE], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      const lines = (await curlLines()).replace('http://localhost:3000', await urlOf(service.stderr));
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', lines], { cwd: folder });
      const [play = '', claim = ''] = stdout.trim().split('\n');
      expect(JSON.parse(play)).toMatchObject({ ticket: { status: 'pending' }, prize: { currency: 'EUR' } });
      expect(JSON.parse(claim)).toMatchObject({ ticket: { status: 'claimed', claimedBy: { firstName: 'Alix' } } });
    } finally {
      const ended = once(service, 'exit');
      service.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function curlLines(): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const block = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map((match) => match[1] ?? '')
    .find((text) => text.includes('curl'));
  if (block === undefined) throw new Error('The README has no curl lines');
  return block;
}

async function urlOf(stderr: NodeJS.ReadableStream): Promise<string> {
  let output = '';
  for await (const chunk of stderr) {
    output += String(chunk);
    const url = /serves on (http:\/\/\S+)/.exec(output)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`The service did not start: ${output}`);
}
