import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CONNECTIONS } from './http-load';
import type { Figures } from './report';

const run = promisify(execFile);

/** Where pgbench is, or undefined where PostgreSQL's client programs are not installed. */
export async function findPgbench(): Promise<string | undefined> {
  const candidates = ['pgbench'];
  try {
    const { stdout } = await run('pg_config', ['--bindir']);
    candidates.unshift(join(stdout.trim(), 'pgbench'));
  } catch {
    // No pg_config: pgbench may be on the path all the same.
  }
  for (const candidate of candidates) {
    try {
      await run(candidate, ['--version']);
      return candidate;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/**
 * Runs a script prepared, once for each of `transactions`, over 32 connections.
 * @param variables integers the script starts with
 */
export async function runPgbench(
  pgbench: string,
  url: string,
  script: string,
  transactions: number,
  variables: Record<string, number>,
): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'tiptop-pgbench-'));
  try {
    await writeFile(join(folder, 'play.sql'), script);
    const each = Math.floor(transactions / CONNECTIONS).toString();
    const defined = Object.entries(variables).map(([name, value]) => `--define=${name}=${value.toString()}`);
    const { stdout } = await run(
      pgbench,
      [
        '-n',
        '-M',
        'prepared',
        '-c',
        CONNECTIONS.toString(),
        '-j',
        '2',
        '-t',
        each,
        '-f',
        'play.sql',
        '-l',
        ...defined,
        url,
      ],
      { cwd: folder, maxBuffer: 1 << 24 },
    );
    const latencies = await readLatencies(folder);
    const rate = /tps = ([\d.]+)/.exec(stdout)?.[1];
    const failed = /number of failed transactions: (\d+)/.exec(stdout)?.[1];
    if (rate === undefined || failed !== '0') throw new Error(`pgbench failed: ${stdout}`);
    return {
      requestsPerSecond: Number(rate),
      p50Ms: percentile(latencies, 0.5) / 1000,
      p99Ms: percentile(latencies, 0.99) / 1000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Microseconds of each transaction: the third column of pgbench's log. */
async function readLatencies(folder: string): Promise<Float64Array> {
  const values: number[] = [];
  for (const file of await readdir(folder)) {
    if (!file.startsWith('pgbench_log')) continue;
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      if (line !== '') values.push(Number(line.split(' ')[2]));
    }
  }
  return Float64Array.from(values).sort();
}

function percentile(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
