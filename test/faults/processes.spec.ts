import { getEventListeners } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { ProcessFailure, Processes, type ProcessOptions } from '../../libs/ops/src/processes/processes';
import '../support/one-realm';
import { until } from '../support/waiting';

const processes = new Processes();

function options(script: string, overrides: Partial<ProcessOptions> = {}): ProcessOptions {
  return {
    program: process.execPath,
    args: ['-e', script],
    signal: new AbortController().signal,
    limits: { totalMs: 30_000, stallMs: 30_000 },
    ...overrides,
  };
}
const run = (script: string, overrides: Partial<ProcessOptions> = {}) => processes.run(options(script, overrides));
const text = (script: string, overrides: Partial<ProcessOptions> = {}) => processes.text(options(script, overrides));

async function failureOf(work: Promise<unknown>): Promise<ProcessFailure> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProcessFailure);
  return error as ProcessFailure;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Takes everything; calls back with all of it so far at each piece. */
function sink(onText: (sofar: string) => void = () => undefined): Writable {
  let sofar = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done): void {
      sofar = (sofar + chunk.toString('latin1')).slice(0, 100);
      onText(sofar);
      done();
    },
  });
}

/** The pid that a script prints as its first line. */
function pidIn(sofar: string): number | undefined {
  const [line] = /^\d+(?=\n)/.exec(sofar) ?? [];
  return line === undefined ? undefined : Number(line);
}

const ENDLESS = `
  console.log(process.pid);
  const piece = Buffer.alloc(65536, 'x');
  (function write() { process.stdout.write(piece, write); })();`;

describe('A program that is run', () => {
  it('gets its input and gives its output through all that they pass on their way', async () => {
    const data = Buffer.alloc(5_000_000, 'Thé');
    const chunks: Buffer[] = [];
    const output = new Writable({
      write(chunk: Buffer, _encoding, done): void {
        chunks.push(chunk);
        done();
      },
    });
    const outcome = await run('process.stdin.pipe(process.stdout); console.error("read")', {
      input: [Readable.from([data]), createGzip()],
      output: [createGunzip(), output],
    });
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
    expect(outcome.stderr).toBe('read');
    expect(outcome.seconds).toBeGreaterThan(0);
  });

  it('gets its arguments as they are: there is no shell', async () => {
    const args = ['with a space', '$(id)', '`id`', '"quotes"', "it's", '*', '; exit 7', '', 'a\nb', '| cat'];
    const said = await text('', { args: ['-p', 'JSON.stringify(process.argv.slice(1))', '--', ...args] });
    expect(JSON.parse(said)).toEqual(args);
  });

  it('knows nothing of our environment but what it is given', async () => {
    process.env['TIPTOP_SPEC_SECRET'] = 'not for children';
    const said = await text('console.log(JSON.stringify(process.env))', { env: { PGPASSWORD: 'theirs' } });
    delete process.env['TIPTOP_SPEC_SECRET'];
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    expect(JSON.parse(said)).toEqual({ PATH: path, LC_ALL: 'C.UTF-8', PGPASSWORD: 'theirs' });
  });

  it('may say what nobody wants to know', async () => {
    await run(`process.stdout.write(Buffer.alloc(20_000_000))`);
  });

  it('leaves the processor to others where it is told to', async () => {
    const asked = 'setTimeout(() => console.log(os.getPriority()), 300)';
    expect(Number(await text(asked, { yielding: true }))).toBeGreaterThanOrEqual(10);
    expect(Number(await text(asked))).toBeLessThan(10);
  });

  it('is heard line by line on stderr, of which the end is kept', async () => {
    const lines: string[] = [];
    const { stderr } = await run(
      `for (let n = 0; n < 20000; n++) console.error('line ' + n + ' é'); process.stderr.write('the end')`,
      { onErrorLine: (line) => lines.push(line) },
    );
    expect(lines).toHaveLength(20_001);
    expect(lines[12_345]).toBe('line 12345 é');
    expect(lines.at(-1)).toBe('the end');
    expect(Buffer.byteLength(stderr)).toBeLessThanOrEqual(8192);
    expect(stderr).toMatch(/line 19999 é\nthe end$/);
  });

  it('tells an endless line on stderr in pieces', async () => {
    const lines: string[] = [];
    await run(`process.stderr.write('x'.repeat(1_000_000))`, { onErrorLine: (line) => lines.push(line) });
    expect(lines.join('')).toBe('x'.repeat(1_000_000));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(4096);
  });

  it('is not taken for dead while it says something, on whichever stream', async () => {
    const stalling = { limits: { totalMs: 30_000, stallMs: 1000 } };
    const busy = (stream: string) =>
      `let n = 0; const t = setInterval(() => { process.${stream}.write('.'); if (++n === 15) clearInterval(t); }, 150)`;
    await run(busy('stdout'), stalling);
    await run(busy('stderr'), stalling);
    const input = Readable.from(
      (async function* () {
        for (let n = 0; n < 15; n++) {
          await new Promise((resolve) => setTimeout(resolve, 150));
          yield Buffer.from('.');
        }
      })(),
    );
    await run('process.stdin.resume()', { ...stalling, input });
  });

  it('leaves no listener on the run’s signal, whether it did its work or not', async () => {
    const { signal } = new AbortController();
    for (let n = 0; n < 3; n++) {
      await run('', { signal });
      await failureOf(run('process.exit(1)', { signal }));
      await failureOf(run('', { signal, program: '/nowhere/at/all' }));
      await failureOf(run('setInterval(() => {}, 1000)', { signal, limits: { totalMs: 200, stallMs: 30_000 } }));
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('A program that fails', () => {
  it('is told by its exit code, and by what it said last', async () => {
    const failure = await failureOf(run(`console.error('no such table'); process.exit(3)`));
    expect(failure).toMatchObject({ reason: 'exit', stderr: 'no such table', program: process.execPath });
    expect(failure.message).toBe('node ended with 3: no such table');
  });

  it('is told by the signal that killed it in the middle, though its stream ends quietly', async () => {
    let killed = false;
    const output = sink((sofar) => {
      const pid = pidIn(sofar);
      if (pid !== undefined && !killed) {
        killed = true;
        process.kill(pid, 'SIGKILL');
      }
    });
    const failure = await failureOf(run(ENDLESS, { output }));
    expect(failure).toMatchObject({ reason: 'signal', message: 'node was killed by SIGKILL' });
  });

  it('is ended where the disk is full', async () => {
    let child: number | undefined;
    const look = new PassThrough();
    look.once('data', (chunk: Buffer) => (child = pidIn(chunk.toString('latin1'))));
    const failure = await failureOf(run(ENDLESS, { output: [look, createWriteStream('/dev/full')] }));
    expect(failure.reason).toBe('stream');
    expect(failure.message).toMatch(/ENOSPC/);
    expect(failure.cause).toMatchObject({ code: 'ENOSPC' });
    expect(isAlive(child!)).toBe(false);
  });

  it('has failed where the disk is full at its very end, though it ended well itself', async () => {
    const failure = await failureOf(run(`process.stdout.write('x')`, { output: createWriteStream('/dev/full') }));
    expect(failure.reason).toBe('stream');
    expect(failure.message).toMatch(/ENOSPC/);
  });

  it('is ended where nothing moves for too long', async () => {
    let child: number | undefined;
    const output = sink((sofar) => (child = pidIn(sofar)));
    const started = performance.now();
    const failure = await failureOf(
      run('console.log(process.pid); setInterval(() => {}, 1000)', {
        output,
        limits: { totalMs: 30_000, stallMs: 1500 },
      }),
    );
    expect(failure.reason).toBe('stalled');
    expect(isAlive(child!)).toBe(false);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(1400);
    expect(tookMs).toBeLessThan(6000);
  });

  it('is ended where it hears nothing any more, stopped or deaf', async () => {
    const limits = { totalMs: 30_000, stallMs: 1500 };
    const children: number[] = [];
    const output = () =>
      sink((sofar) => {
        const pid = pidIn(sofar);
        if (pid !== undefined && !children.includes(pid)) children.push(pid);
      });
    const failures = await Promise.all(
      [
        `console.log(process.pid); setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 300)`,
        `process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)`,
      ].map(async (script) => failureOf(run(script, { output: output(), limits }))),
    );
    expect(failures.map(({ reason }) => reason)).toEqual(['stalled', 'stalled']);
    expect(children).toHaveLength(2);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it('is ended where it takes too long, however busy', async () => {
    const failure = await failureOf(run(ENDLESS, { output: sink(), limits: { totalMs: 1500, stallMs: 30_000 } }));
    expect(failure.reason).toBe('too-long');
  });

  it('is ended with the run, and not started after its end', async () => {
    const controller = new AbortController();
    let child: number | undefined;
    const output = sink((sofar) => {
      child ??= pidIn(sofar);
      if (child !== undefined) controller.abort(new Error('the operator said so'));
    });
    const failure = await failureOf(run(ENDLESS, { output, signal: controller.signal }));
    expect(failure).toMatchObject({ reason: 'aborted', cause: { message: 'the operator said so' } });
    expect(isAlive(child!)).toBe(false);

    const late = await failureOf(run('', { program: '/nowhere/at/all', signal: controller.signal }));
    expect(late).toMatchObject({ reason: 'aborted' });
  });

  it('is not there', async () => {
    const output = sink();
    const input = new PassThrough();
    const failure = await failureOf(run('', { program: 'tiptop-no-such-program', input, output }));
    expect(failure).toMatchObject({ reason: 'missing', message: 'tiptop-no-such-program is not installed' });
    await until('its streams are closed', () => input.destroyed && output.destroyed);
  });

  it('can’t be started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tiptop-processes-'));
    const program = join(folder, 'program');
    await writeFile(program, '#!/bin/sh\n');
    await chmod(program, 0o644);
    const unable = await failureOf(run('', { program }));
    expect(unable).toMatchObject({
      reason: 'exit',
      message: expect.stringMatching(/^program could not be started \(.*EACCES/) as string,
    });
    await rm(folder, { recursive: true });

    const input = new PassThrough();
    const wrong = await failureOf(run('', { args: ['a\0b'], input }));
    expect(wrong).toMatchObject({ reason: 'exit', message: expect.stringMatching(/could not be started/) as string });
    expect(input.destroyed).toBe(true);
  });

  it('says more than it was asked', async () => {
    const failure = await failureOf(text(ENDLESS));
    expect(failure).toMatchObject({ reason: 'stream', message: expect.stringMatching(/says more/) as string });
  });
});

describe('A program that breaks with its input', () => {
  const endlessInput = () =>
    Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65536);
      })(),
    );

  it('says more by its own end than by the closed pipe', async () => {
    const input = endlessInput();
    const failure = await failureOf(run(`console.error('not a dump'); process.exitCode = 4`, { input }));
    expect(failure).toMatchObject({ reason: 'exit', message: 'node ended with 4: not a dump' });
    expect(input.destroyed).toBe(true);
  });

  it('has not done its work where it ends well without reading all', async () => {
    const failure = await failureOf(
      run('process.stdin.once("data", () => process.exit(0))', { input: endlessInput() }),
    );
    expect(failure.reason).toBe('stream');
    expect(failure.message).toMatch(/did not take all/);
  });

  it('has done its work where it took all and did not wait for the end', async () => {
    const input = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000);
        await new Promise((resolve) => setTimeout(resolve, 500));
      })(),
    );
    const script = `let n = 0; process.stdin.on('data', (part) => { if ((n += part.length) === 100000) process.exit(0); })`;
    await run(script, { input });
    // One byte more, and it has not.
    const more = [Buffer.alloc(100_000), Buffer.alloc(1)];
    const late = Readable.from(
      (async function* () {
        for (const part of more) {
          yield part;
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      })(),
    );
    expect((await failureOf(run(script, { input: late }))).message).toMatch(/did not take all/);
  });

  it('does not wait for ever for the end of what feeds it', async () => {
    const silent = new PassThrough();
    const limits = { totalMs: 30_000, stallMs: 1000 };
    const well = await failureOf(run('process.exit(0)', { input: silent, limits }));
    expect(well).toMatchObject({ reason: 'stalled', message: 'node ended, but its data does not come to its end' });
    expect(silent.destroyed).toBe(true);
    const started = performance.now();
    await failureOf(run('process.exit(1)', { input: new PassThrough() }));
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('does not wait for ever for what takes its output', async () => {
    const hanging = new Writable({ write: () => undefined });
    const limits = { totalMs: 30_000, stallMs: 1000 };
    const failure = await failureOf(run(`process.stdout.write('x')`, { output: hanging, limits }));
    expect(failure).toMatchObject({ reason: 'stalled', message: 'node ended, but its data does not come to its end' });
    const busy = await failureOf(run(ENDLESS, { output: new Writable({ write: () => undefined }), limits }));
    expect(busy.reason).toBe('stalled');
  });

  it('has not done its work where its input broke off, though it took the end for an end', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000);
        await new Promise((resolve) => setTimeout(resolve, 50));
        throw new Error('a bad sector');
      })(),
    );
    const failure = await failureOf(run('process.stdin.pipe(process.stdout)', { input: broken, output: sink() }));
    expect(failure).toMatchObject({ reason: 'stream', cause: { message: 'a bad sector' } });
    expect(failure.message).toMatch(/a bad sector/);
  });

  it('has not done its work where its input was given up without a word', async () => {
    const silent = new PassThrough();
    silent.write(Buffer.alloc(100_000));
    setTimeout(() => silent.destroy(), 300);
    const failure = await failureOf(run('process.stdin.pipe(process.stdout)', { input: silent, output: sink() }));
    expect(failure.reason).toBe('stream');
  });

  it('has not done its work where what its input passes through finds it torn', async () => {
    const torn = createGzip();
    const chunks: Buffer[] = [];
    torn.on('data', (chunk: Buffer) => chunks.push(chunk));
    torn.end(Buffer.alloc(1_000_000, 'abc'));
    await new Promise((resolve) => torn.once('end', resolve));
    const packed = Buffer.concat(chunks);
    const input = [Readable.from([packed.subarray(0, -100)]), createGunzip()] as const;
    const failure = await failureOf(run('process.stdin.pipe(process.stdout)', { input, output: sink() }));
    expect(failure).toMatchObject({ reason: 'stream', cause: { code: 'Z_BUF_ERROR' } });
  });
});

describe('What a program leaves behind', () => {
  /** Starts a process that holds the output, tells its pid, and ends. */
  const leaving = (code: number, detached: boolean) => `
    const { spawn } = require('node:child_process');
    const left = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit', detached: ${String(detached)} });
    process.stdout.write(left.pid + '\\n', () => process.exit(${code}));`;
  const limits = { totalMs: 40_000, stallMs: 2500 };

  it('is ended with it, and its work is not done', async () => {
    let left: number | undefined;
    const output = sink((sofar) => (left = pidIn(sofar)));
    const failure = await failureOf(run(leaving(0, false), { output, limits }));
    expect(failure).toMatchObject({
      reason: 'stalled',
      message: expect.stringMatching(/left something behind/) as string,
    });
    await until('it is gone', () => !isAlive(left!));
  });

  it('is ended with it where that failed, though it holds nothing of ours', async () => {
    let left: number | undefined;
    const output = sink((sofar) => (left = pidIn(sofar)));
    const failure = await failureOf(run(leaving(9, false).replace(`'inherit'`, `'ignore'`), { output, limits }));
    expect(failure.reason).toBe('exit');
    await until('it is gone', () => !isAlive(left!));
  });

  it('does not hide how it ended itself', async () => {
    const failure = await failureOf(run(leaving(9, false), { output: sink(), limits }));
    expect(failure).toMatchObject({ reason: 'exit', message: 'node ended with 9' });
  });

  it('can’t keep us waiting for ever where it has left the group', async () => {
    let left: number | undefined;
    const output = sink((sofar) => (left = pidIn(sofar)));
    const failure = await failureOf(run(leaving(0, true), { output, limits }));
    expect(failure.reason).toBe('stalled');
    // It is none of ours any more.
    expect(isAlive(left!)).toBe(true);
    process.kill(left!, 'SIGKILL');
  });
});
