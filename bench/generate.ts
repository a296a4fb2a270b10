import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { createBenchDatabase } from './support/bench-database';
import { type Figures, median, printReport, progress, round } from './support/report';
import { sizeFromEnvironment } from './support/size';

const TICKETS = sizeFromEnvironment(500_000);
const ROUNDS = 3;
const run = promisify(execFile);
/** What generation writes, in an order that satisfies the foreign keys. */
const TABLES = [
  { name: 'tickets', columns: '(code, contest_id)' },
  { name: 'deck_pages', columns: '(contest_id, page, cards)' },
] as const;

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tiptop-bench-'));
  const database = await createBenchDatabase();
  const generated: Figures[] = [];
  const copied: Figures[] = [];
  try {
    const environment = { NODE_ENV: 'test', DATABASE_URL: database.url, DATA_DIR: folder };
    for (let turn = 1; turn <= ROUNDS; turn++) {
      const ours = await generate(environment);
      generated.push(ours);
      const bare = await copyTheSame(database.url, folder);
      copied.push(bare);
      progress(
        `round ${turn.toString()}: generated in ${(ours.seconds ?? 0).toFixed(2)} s, copied in ${(bare.seconds ?? 0).toFixed(2)} s`,
      );
    }
  } finally {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
  const sides = { tiptop: summarise(generated), copy: summarise(copied) };
  const ratio = (sides.copy.seconds ?? Number.NaN) / (sides.tiptop.seconds ?? Number.NaN);
  printReport({ bench: 'generate', tickets: TICKETS, sides, ratios: { copy: round(ratio, 3) } });
}

async function generate(environment: Record<string, string>): Promise<Figures> {
  const script = join(__dirname, 'support/generation.js');
  const { stdout } = await run(process.execPath, [script], { env: { ...process.env, ...environment } });
  return JSON.parse(stdout) as Figures;
}

/** Writes the generated rows to files, empties the tables, and copies the files back in: the same rows, and no thought. */
async function copyTheSame(url: string, folder: string): Promise<Figures> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const { name, columns } of TABLES) {
      await pipeline(client.query(copyTo(`COPY ${name} ${columns} TO STDOUT`)), createWriteStream(join(folder, name)));
    }
    await client.query('ALTER TABLE claim_events DISABLE TRIGGER claim_events_append_only');
    await client.query('TRUNCATE tickets, deck_pages, claim_events');
    await client.query('CHECKPOINT');
    const start = performance.now();
    await client.query('BEGIN');
    for (const { name, columns } of TABLES) {
      await pipeline(
        createReadStream(join(folder, name)),
        client.query(copyFrom(`COPY ${name} ${columns} FROM STDIN`)),
      );
    }
    await client.query('COMMIT');
    const seconds = (performance.now() - start) / 1000;
    await client.query('TRUNCATE tickets, deck_pages, claim_events');
    await client.query('CHECKPOINT');
    return { seconds, ticketsPerSecond: TICKETS / seconds };
  } finally {
    await client.end();
  }
}

function summarise(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  const entries = names.map((name) => [name, round(median(rounds.map((figures) => figures[name] ?? Number.NaN)), 2)]);
  return { ...(Object.fromEntries(entries) as Figures), rounds: rounds.length };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
});
