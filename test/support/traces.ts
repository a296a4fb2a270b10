import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestApp } from './test-app';

/** Texts by which a person would be found again, in whatever way a table or a file writes them. */
export function needlesOf(...texts: string[]): string[] {
  const forms = texts
    .flatMap((text) => [text, text.normalize('NFD').replace(/\p{M}/gu, '')])
    .map((t) => t.toLowerCase());
  // A bytea shows itself in hexadecimal, base64 at three offsets; letters write accents in quoted-printable.
  const bytes = texts.flatMap((text) => [Buffer.from(text), Buffer.from(text.toLowerCase())]);
  const encoded = bytes.flatMap((buffer) => [
    buffer.toString('hex'),
    ...[0, 1, 2].map((offset) =>
      Buffer.concat([Buffer.alloc(offset), buffer])
        .toString('base64')
        .slice(offset === 0 ? 0 : offset + 1)
        .replace(/=+$/, '')
        .slice(0, -1)
        .toLowerCase(),
    ),
  ]);
  return [...new Set([...forms, ...encoded])];
}

/** The needles that a text holds, whatever its case. */
export function tracesIn(text: string, needles: readonly string[]): string[] {
  const folded = text.toLowerCase();
  return needles.filter((needle) => folded.includes(needle));
}

/** The tables of every schema in whose rows a needle stands: every column of them, as text. */
export async function tablesWithTraces({ database }: TestApp, needles: readonly string[]): Promise<string[]> {
  const tables = await database.query<{ name: string }[]>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<unknown[]>(
      `SELECT FROM ${name} t
       WHERE EXISTS (SELECT FROM unnest($1::text[]) needle WHERE strpos(lower(t::text), needle) > 0) LIMIT 1`,
      [needles],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** The files under a folder in whose path or content a needle stands. */
export function filesWithTraces(folder: string, needles: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) => tracesIn(`${file}\n${readFileSync(file, 'latin1')}\n${readFileSync(file, 'utf8')}`, needles).length > 0,
    );
}
