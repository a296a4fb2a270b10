import { type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { Clock, isUniqueViolation, poolOf } from '@tiptop/platform';
import type { PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { DataSource, type EntityManager } from 'typeorm';
import { Contest } from '../contests/contest.entity';
import { ContestNotFound } from '../contests/contest.errors';
import { Deck } from '../contests/deck.entity';
import { DeckService } from '../contests/deck.service';
import { codeAt, drawCodeIndices } from '../domain/ticket-code';
import type { TicketStatus } from '../domain/ticket-status';
import { readImport } from './import-reader';
import { ImportRefused, PrintRunClosed } from './print-run.errors';

const CHUNK_BYTES = 64 * 1024;
const GENERATION_TRIES = 3;
const SHOWN_LINES = 100;

/** Tells how far the work is, in tickets. */
export type Progress = (done: number) => void;

/** For a print run that somebody keeps a record of. */
export interface PrintRunWatch {
  /** Ends the work; nothing of it stays. */
  signal?: AbortSignal;
  /** Called last, in the transaction that adds the tickets: should it throw, nothing of the work stays. */
  finish?: (manager: EntityManager) => Promise<void>;
}

interface FaultyLine {
  line: number;
  reason: 'format' | 'repeated' | 'taken';
}

/** Brings tickets into a contest, by making them or from a file, and writes them out. */
@Injectable()
export class PrintRunService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly decks: DeckService,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes tickets and seals the deck over all tickets of the contest, in one transaction. Memory: 8 bytes a ticket.
   * @param count how many
   * @throws ContestNotFound, PrintRunClosed; the signal's reason
   */
  async generate(
    contestId: string,
    count: number,
    progress: Progress = () => undefined,
    { signal, finish }: PrintRunWatch = {},
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.addTickets(
          contestId,
          async (_, client) => {
            signal?.throwIfAborted();
            const copy = client.query(copyFrom('COPY tickets (code, contest_id) FROM STDIN'));
            await pipeline(generatedLines(count, contestId, progress), copy, ...(signal ? [{ signal }] : []));
          },
          async (manager) => {
            signal?.throwIfAborted();
            await finish?.(manager);
          },
        );
        return;
      } catch (error) {
        // A code of another contest came up again: one time in millions, and worth another draw.
        if (!isUniqueViolation(error, 'tickets_pkey') || attempt === GENERATION_TRIES) throw error;
      }
    }
  }

  /**
   * Takes over codes from a CSV file, all of them or none. The codes stand in the column `code`, or in the first one
   * where there is no such heading.
   * @param finish called last, in the transaction that adds the tickets: should it throw, none is added
   * @returns how many tickets were added
   * @throws ContestNotFound, PrintRunClosed, ImportRefused
   */
  async import(
    contestId: string,
    csv: Readable,
    progress: Progress = () => undefined,
    finish: (manager: EntityManager, added: number) => Promise<void> = () => Promise.resolve(),
  ): Promise<number> {
    let added = 0;
    const add = async (manager: EntityManager, client: PoolClient, contest: Contest): Promise<void> => {
      await manager.query('CREATE TEMP TABLE import_lines (line integer, code text) ON COMMIT DROP');
      const malformed: FaultyLine[] = [];
      let malformedCount = 0;
      const copy = client.query(copyFrom('COPY import_lines FROM STDIN'));
      await pipeline(
        readImport(csv, contest.checkedCodes, {
          progress,
          onFault: (line) => {
            malformedCount++;
            if (malformed.length < SHOWN_LINES) malformed.push({ line, reason: 'format' });
          },
        }),
        copy,
      );
      await this.refuseFaultyLines(manager, malformed, malformedCount);
      // In the order of the index: faster, and the file's order tells nothing here.
      const inserted = await client.query(
        'INSERT INTO tickets (code, contest_id) SELECT code, $1 FROM import_lines ORDER BY code',
        [contestId],
      );
      added = inserted.rowCount ?? 0;
      if (added === 0) throw new ImportRefused([{ path: 'line 1', message: 'import.empty' }], 1);
    };
    await this.addTickets(contestId, add, async (manager) => finish(manager, added));
    return added;
  }

  /**
   * Writes tickets as CSV with a heading: code, status, prize, playedAt, claimedAt. In an order that follows neither
   * the codes nor the draw, so that a bundle of receipts tells nothing of its neighbours.
   */
  async export(
    contestId: string,
    target: Writable,
    { status, limit }: { status?: TicketStatus | undefined; limit?: number | undefined } = {},
  ): Promise<void> {
    const client = await poolOf(this.dataSource).connect();
    let broken = true;
    try {
      const literal = client.escapeLiteral.bind(client);
      const where = `t.contest_id = ${literal(contestId)}${status ? ` AND t.status = ${literal(status)}` : ''}`;
      await client.query('SET statement_timeout = 0');
      // COPY takes no parameters; every value above is escaped, and the limit is a number.
      const source = client.query(
        copyTo(`COPY (
          SELECT t.code, t.status, p.name AS prize, ${isoUtc('t.played_at')} AS "playedAt",
            ${isoUtc('t.claimed_at')} AS "claimedAt"
          FROM tickets t LEFT JOIN prizes p ON p.id = t.prize_id WHERE ${where} ORDER BY md5(t.code)
          ${limit === undefined ? '' : `LIMIT ${Math.trunc(limit).toString()}`}
        ) TO STDOUT WITH (FORMAT csv, HEADER)`),
      );
      await pipeline(source, target, { end: false });
      await client.query('RESET statement_timeout');
      broken = false;
    } finally {
      // Whoever stops reading half-way leaves a connection in the midst of a COPY, of use to nobody.
      client.release(broken);
    }
  }

  private async addTickets(
    contestId: string,
    add: (manager: EntityManager, client: PoolClient, contest: Contest) => Promise<unknown>,
    finish: (manager: EntityManager) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      await runner.manager.transaction(async (manager) => {
        await manager.query('SET LOCAL statement_timeout = 0');
        await manager.query('SET LOCAL idle_in_transaction_session_timeout = 0');
        // Should this machine vanish, its transaction must not hold the contest for hours.
        await manager.query('SET LOCAL tcp_keepalives_idle = 15');
        await manager.query('SET LOCAL tcp_keepalives_interval = 5');
        await manager.query('SET LOCAL tcp_keepalives_count = 3');
        const contest = await manager.findOne(Contest, {
          where: { id: contestId },
          // Keeps out other print runs and edits, and lets rows that refer to the contest be written.
          lock: { mode: 'for_no_key_update' },
        });
        if (!contest) throw new ContestNotFound();
        await this.assertMayGrow(manager, contest);
        await add(manager, client, contest);
        // It may have begun meanwhile, with the deck that it had.
        await this.assertMayGrow(manager, contest);
        const [row] = await manager.query<{ total: string }[]>(
          'SELECT count(*) AS total FROM tickets WHERE contest_id = $1',
          [contestId],
        );
        await this.decks.seal(manager, contestId, Number(row?.total));
        await finish(manager);
      });
    } finally {
      await runner.release();
    }
  }

  /**
   * A deck once open to play is final: its commitment is public, and a play may be under way.
   * @throws PrintRunClosed
   */
  async assertMayGrow(manager: EntityManager, contest: Pick<Contest, 'id' | 'startsAt'>): Promise<void> {
    const sealed = await manager.existsBy(Deck, { contestId: contest.id });
    if (sealed && contest.startsAt <= this.clock.now()) throw new PrintRunClosed();
  }

  private async refuseFaultyLines(
    manager: EntityManager,
    malformed: readonly FaultyLine[],
    malformedCount: number,
  ): Promise<void> {
    const rows = await manager.query<(FaultyLine & { total: string })[]>(
      `SELECT line, min(reason) AS reason, count(*) OVER () AS total FROM (
         SELECT line, 'repeated' AS reason FROM (
           SELECT line, row_number() OVER (PARTITION BY code ORDER BY line) AS n FROM import_lines) numbered WHERE n > 1
         UNION ALL
         SELECT i.line, 'taken' FROM import_lines i JOIN tickets t USING (code)
       ) faults GROUP BY line ORDER BY line LIMIT ${SHOWN_LINES.toString()}`,
    );
    const total = malformedCount + Number(rows[0]?.total ?? 0);
    if (total === 0) return;
    const shown = [...malformed, ...rows].sort((a, b) => a.line - b.line).slice(0, SHOWN_LINES);
    throw new ImportRefused(
      shown.map(({ line, reason }) => ({ path: `line ${line.toString()}`, message: `import.${reason}` })),
      total,
    );
  }
}

function isoUtc(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** The lines of a COPY, in chunks; the pipeline's back-pressure sets the pace. */
function* generatedLines(count: number, contestId: string, progress: Progress): Generator<Buffer> {
  const indices = drawCodeIndices(count);
  const rest = `\t${contestId}\n`;
  const perChunk = Math.floor(CHUNK_BYTES / (10 + rest.length));
  for (let start = 0; start < count; start += perChunk) {
    const end = Math.min(start + perChunk, count);
    let chunk = '';
    for (let i = start; i < end; i++) chunk += codeAt(indices[i] ?? 0) + rest;
    yield Buffer.from(chunk, 'latin1');
    progress(end);
  }
}
