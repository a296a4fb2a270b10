import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { type DevelopmentSecrets, developmentSecrets } from './development-secrets';

describe('developmentSecrets', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiptop-secrets-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are made once, random, and kept for their owner alone', () => {
    const dataDir = join(folder, 'not', 'there', 'yet');
    const made = developmentSecrets(dataDir);
    expect(made.jwtSecret).toMatch(/^[\w-]{43}$/);
    expect(made.deckSecret).toMatch(/^[\w-]{43}$/);
    expect(made.jwtSecret).not.toBe(made.deckSecret);
    expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['secrets.json']);
    expect(developmentSecrets(dataDir)).toEqual(made);
    expect(developmentSecrets(join(folder, 'another'))).not.toEqual(made);
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"jwtSecret":"short","deckSecret":"short"}',
    '{"jwtSecret":7,"deckSecret":8}',
  ])('are never guessed from a damaged file: %s', (content) => {
    const file = join(folder, 'secrets.json');
    writeFileSync(file, content);
    expect(() => developmentSecrets(folder)).toThrow(`${file} holds no secrets`);
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  it('are the same for processes that start at once', async () => {
    const program = join(folder, 'program.js');
    writeFileSync(program, transformFileSync(join(__dirname, 'development-secrets.ts')).code);
    const folders = Array.from({ length: 40 }, (_, n) => join(folder, String(n)));
    for (const each of folders) mkdirSync(each);
    const at = String(Date.now() + 700);
    const answers = await Promise.all(Array.from({ length: 4 }, () => runAt(at, program, folders)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(new Set(answers[0]?.map(({ jwtSecret }) => jwtSecret)).size).toBe(folders.length);
  });
});

/** Asks for the secrets of each folder in turn, from another process, from an agreed instant on. */
async function runAt(at: string, program: string, folders: string[]): Promise<DevelopmentSecrets[]> {
  const script = `
    const { developmentSecrets } = require(${JSON.stringify(program)});
    while (Date.now() < ${at});
    console.log(JSON.stringify(${JSON.stringify(folders)}.map(developmentSecrets)));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (part: Buffer) => (output += part.toString()));
  const exitCode = await new Promise((ended) => child.once('close', ended));
  expect(exitCode).toBe(0);
  return JSON.parse(output) as DevelopmentSecrets[];
}
