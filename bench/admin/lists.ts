import { type Figures, median, progress, round } from '../support/report';
import { ask } from './ask';
import type { Comparison } from '../support/comparison';
import { startServer, type Stage } from './stage';
import { ticketLists } from './ticket-lists';
import { userLists } from './user-lists';

const WARM_UP = 6;
const TRIES = 24;
const LIMIT = 50;

/** A list, and the same told by SQL, so that its pages can be opened anywhere. */
export interface List {
  name: string;
  /** With its filters, and a question mark. */
  path: string;
  /** Which rows, from FROM on, without their order. */
  rows: string;
  /** As SQL has it. */
  order: string;
  /** What a cursor is made of. */
  key: string;
  cursorOf: (row: Record<string, unknown>) => string;
}

interface Page {
  items: unknown[];
  nextCursor: string | null;
}

interface Measured {
  figures: Figures;
  toFirst: number;
  toLookUp: number;
}

/**
 * The first, middle and last page of each list of tickets and of accounts, against the lightest look-up by a key over
 * HTTP that there is: a ticket that nobody played yet, by its code.
 */
export async function compareLists(stage: Stage): Promise<Comparison> {
  const server = await startServer(stage);
  try {
    const sides: Record<string, Figures> = {};
    const ratios: Record<string, number> = {};
    const lookUps: number[] = [];
    for (const [kind, lists] of [
      ['ticket', await ticketLists(stage)],
      ['user', await userLists(stage)],
    ] as const) {
      const [toFirst, toLookUp]: [number[], number[]] = [[], []];
      for (const list of lists) {
        const measured = await measure(stage, server.url, list, lookUps);
        sides[`${kind}s ${list.name}`] = measured.figures;
        toFirst.push(measured.toFirst);
        toLookUp.push(measured.toLookUp);
      }
      ratios[`${kind}PageToFirst`] = Math.max(...toFirst);
      ratios[`${kind}PageToLookUp`] = Math.max(...toLookUp);
    }
    return { sides: { ...sides, lookUp: { p50Ms: round(median(lookUps), 2) } }, ratios };
  } finally {
    await server.stop();
  }
}

/** The pages and the look-up take turns, so that whatever else the machine does meets them alike. */
async function measure({ dataSource, admin, codes }: Stage, url: string, list: List, all: number[]): Promise<Measured> {
  const path = `${list.path}&limit=${LIMIT}`;
  const [row] = await dataSource.query<{ n: number }[]>(`SELECT count(*)::int AS n ${list.rows}`);
  const n = row?.n ?? 0;
  const pageAfter = async (offset: number): Promise<string> => {
    const [last] = await dataSource.query<Record<string, unknown>[]>(
      `SELECT ${list.key} ${list.rows} ORDER BY ${list.order} OFFSET ${offset - 1} LIMIT 1`,
    );
    if (!last) throw new Error(`${list.name} has no row ${offset}`);
    return `${path}&cursor=${list.cursorOf(last)}`;
  };
  const pages = { lookUp: `/v1/claims/${codes[0] ?? ''}`, first: path, middle: path, last: path };
  if (n > LIMIT) {
    pages.middle = await pageAfter(Math.floor(n / 2));
    pages.last = await pageAfter(n - Math.min(LIMIT, n - LIMIT));
    const { body } = await ask<Page>(url, pages.last, admin);
    // A page that is not the last, or not of this list, may be fast.
    if (body.nextCursor !== null || body.items.length !== Math.min(LIMIT, n - LIMIT)) {
      throw new Error(`The last page of ${list.name} is another: ${body.items.length} of ${n}`);
    }
  }
  const times = { lookUp: [] as number[], first: [] as number[], middle: [] as number[], last: [] as number[] };
  for (let turn = -WARM_UP; turn < TRIES; turn++) {
    for (const page of ['lookUp', 'first', 'middle', 'last'] as const) {
      const { ms } = await ask(url, pages[page], admin);
      if (turn >= 0) times[page].push(ms);
    }
  }
  all.push(...times.lookUp);
  const lookUp = median(times.lookUp);
  const [firstMs, middleMs, lastMs] = [median(times.first), median(times.middle), median(times.last)];
  const slowest = Math.max(firstMs, middleMs, lastMs);
  const [toFirst, toLookUp] = [round(slowest / firstMs, 2), round(slowest / lookUp, 2)];
  progress(
    `${list.name} (${n}): pages of ${firstMs.toFixed(2)}, ${middleMs.toFixed(2)} and ${lastMs.toFixed(2)} ms; ` +
      `${toFirst} to the first, ${toLookUp} to a look-up`,
  );
  const figures = { rows: n, firstMs: round(firstMs, 2), middleMs: round(middleMs, 2), lastMs: round(lastMs, 2) };
  return { figures: { ...figures, toFirst, toLookUp }, toFirst, toLookUp };
}
