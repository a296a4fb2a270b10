import { Readable } from 'node:stream';
import {
  type Contest,
  ContestRegistry,
  ContestsService,
  DeckService,
  isCheckedCode,
  PRESETS,
  PrintRunService,
} from '@tiptop/game';
import { createContest, registerCustomer, unplayedCodes } from '../support/builders';
import { deckFacts, expectDealtExactly, expectDeckHolds } from '../support/deck-facts';
import { play, unknownCodes, withHands } from '../support/plays';
import { startTestApp, type TestApp } from '../support/test-app';

const DAY_MS = 86_400_000;

interface Refusal {
  code: string;
  params: { lines: number };
  fields: { path: string; message: string }[];
}

describe('A print run', () => {
  let test: TestApp;
  let runs: PrintRunService;

  beforeAll(async () => {
    test = await startTestApp();
    runs = test.app.get(PrintRunService);
  });
  afterAll(async () => {
    await test.stop();
  });

  const soon = (): Date => new Date(Date.now() + DAY_MS);
  const csv = (...lines: string[]): Readable => Readable.from([`${lines.join('\n')}\n`]);

  /** Everything of a contest that an import could change. */
  async function state(contest: Contest): Promise<unknown> {
    const [tickets] = await test.database.query<unknown[]>(
      `SELECT count(*), md5(string_agg(code, ',' ORDER BY code)) AS codes FROM tickets WHERE contest_id = $1`,
      [contest.id],
    );
    const decks = await test.database.query<unknown[]>('SELECT commitment, size FROM decks WHERE contest_id = $1', [
      contest.id,
    ]);
    return { tickets, decks };
  }

  async function codesOf(contest: Contest): Promise<string[]> {
    const rows = await test.database.query<{ code: string }[]>('SELECT code FROM tickets WHERE contest_id = $1', [
      contest.id,
    ]);
    return rows.map(({ code }) => code).sort();
  }

  /** Imports what must be refused, and makes sure that nothing has changed. */
  async function refusal(contest: Contest, source: Readable): Promise<Refusal> {
    const before = await state(contest);
    const error: unknown = await runs.import(contest.id, source).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(await state(contest)).toEqual(before);
    expect(error).toMatchObject({ code: 'IMPORT_REFUSED' });
    return error as Refusal;
  }
  const line = (number: number, reason: string): { path: string; message: string } => ({
    path: `line ${number}`,
    message: `import.${reason}`,
  });

  describe('that is made here', () => {
    it('has as many distinct tickets as asked for, each with a right check character, and a deck over all', async () => {
      const progress: number[] = [];
      const contest = await createContest(test, { tickets: 0, startsAt: soon() });
      await runs.generate(contest.id, 3000, (done) => progress.push(done));
      const codes = await codesOf(contest);
      expect(new Set(codes).size).toBe(3000);
      expect(codes.every(isCheckedCode)).toBe(true);
      expect(progress.at(-1)).toBe(3000);
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
      expect(await deckFacts(test, contest)).toEqual({ size: 3000, drawn: 0, dealt: 0, unplayed: 3000 });
      await expectDeckHolds(test, contest);
    });

    it('may grow before the start, and is then sealed anew as a whole', async () => {
      const contest = await createContest(test, { tickets: 10, startsAt: soon() });
      const { commitment } = await test.app.get(DeckService).verify(contest.id);
      await runs.generate(contest.id, 7);
      const after = await test.app.get(DeckService).verify(contest.id);
      expect(after.holds).toBe(true);
      expect(after.commitment).not.toBe(commitment);
      expect(await deckFacts(test, contest)).toMatchObject({ size: 17, unplayed: 17 });
    });

    it('is closed once the contest has begun with its deck', async () => {
      const contest = await createContest(test, { tickets: 10 });
      const before = await state(contest);
      await expect(runs.generate(contest.id, 1)).rejects.toMatchObject({ code: 'PRINT_RUN_CLOSED' });
      await expect(runs.import(contest.id, csv(...unknownCodes(1)))).rejects.toMatchObject({
        code: 'PRINT_RUN_CLOSED',
      });
      expect(await state(contest)).toEqual(before);
    });

    it('may come late where the contest has no tickets yet', async () => {
      const contest = await createContest(test, { tickets: 0, startsAt: new Date(Date.now() - DAY_MS) });
      await runs.generate(contest.id, 5);
      await expectDeckHolds(test, contest);
    });

    it('needs a contest', async () => {
      const nobody = '00000000-0000-4000-8000-000000000000';
      await expect(runs.generate(nobody, 1)).rejects.toMatchObject({ code: 'CONTEST_NOT_FOUND' });
      await expect(runs.import(nobody, csv('222222222J'))).rejects.toMatchObject({ code: 'CONTEST_NOT_FOUND' });
    });

    it('is the same whether two operators add to it one after the other or at once', async () => {
      const contest = await createContest(test, { tickets: 0, startsAt: soon() });
      await Promise.all([runs.generate(contest.id, 20), runs.generate(contest.id, 30), runs.generate(contest.id, 50)]);
      expect(await deckFacts(test, contest)).toMatchObject({ size: 100, unplayed: 100 });
      await expectDeckHolds(test, contest);
    });
  });

  describe('that is imported', () => {
    it.each([
      ['with a heading', (codes: string[]) => ['code', ...codes]],
      ['without one', (codes: string[]) => codes],
      [
        'in another column',
        (codes: string[]) => ['n;x', ...codes].map((cell, n) => `${n},${n === 0 ? 'Code' : cell},x`),
      ],
      [
        'in lower case, grouped and quoted',
        (codes: string[]) => codes.map((c) => `"${c.slice(0, 5).toLowerCase()}-${c.slice(5)}"`),
      ],
      ['with blanks and empty lines', (codes: string[]) => codes.flatMap((code) => [`  ${code}  `, ''])],
      ['from Windows', (codes: string[]) => ['\uFEFFcode\r', ...codes.map((code) => `${code}\r`)]],
    ])('takes every code, %s, and deals them exactly', async (_, write) => {
      const contest = await createContest(test, { tickets: 0, startsAt: soon() });
      const codes = unknownCodes(25);
      const progress: number[] = [];
      expect(await runs.import(contest.id, csv(...write(codes)), (lines) => progress.push(lines))).toBe(25);
      expect(await codesOf(contest)).toEqual([...codes].sort());
      expect(progress.at(-1)).toBeGreaterThanOrEqual(25);
      expect(await deckFacts(test, contest)).toEqual({ size: 25, drawn: 0, dealt: 0, unplayed: 25 });
      await expectDeckHolds(test, contest);
    });

    it('takes a long file that comes in pieces', async () => {
      const contest = await createContest(test, { tickets: 0, startsAt: soon() });
      const codes = unknownCodes(12_345);
      const text = codes.join('\n');
      const pieces = text.match(/[^]{1,777}/g) ?? [];
      expect(await runs.import(contest.id, Readable.from(pieces))).toBe(12_345);
      expect(await codesOf(contest)).toEqual([...codes].sort());
    });

    it('joins the tickets there are, before the start, under one new deck that is played out exactly', async () => {
      const startsAt = soon();
      const contest = await createContest(test, { tickets: 11, startsAt });
      const { commitment } = await test.app.get(DeckService).verify(contest.id);
      expect(await runs.import(contest.id, csv('code', ...unknownCodes(9)))).toBe(9);
      const resealed = await test.app.get(DeckService).verify(contest.id);
      expect(resealed.commitment).not.toBe(commitment);
      expect(await deckFacts(test, contest)).toEqual({ size: 20, drawn: 0, dealt: 0, unplayed: 20 });
      await test.app.get(ContestRegistry).reload();
      test.clock.moveTo(new Date(startsAt.getTime() + DAY_MS));
      const customer = await registerCustomer(test);
      const codes = await unplayedCodes(test, contest, 20);
      const answers = await withHands(6, codes, (code) => play(test, code, customer));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      await expectDealtExactly(test, contest, 20);
      test.clock.reset();
    });
  });

  describe('with bad lines', () => {
    let contest: Contest;

    beforeAll(async () => {
      contest = await createContest(test, { tickets: 5, startsAt: soon() });
    });

    it('changes nothing and names the lines that hold no code', async () => {
      const [a = '', b = '', c = ''] = unknownCodes(3);
      const misspelt = `${a.slice(0, 9)}${a.endsWith('2') ? '3' : '2'}`;
      const found = await refusal(contest, csv('code', a, misspelt, b, 'ABC', '', c, '0000000000'));
      expect(found.fields).toEqual([line(3, 'format'), line(5, 'format'), line(8, 'format')]);
      expect(found.params).toEqual({ lines: 3 });
    });

    it('names repetitions, in whatever style they are written', async () => {
      const [a = '', b = ''] = unknownCodes(2);
      const found = await refusal(contest, csv(a, b, a, b.toLowerCase(), `${a.slice(0, 4)}-${a.slice(4)}`));
      expect(found.fields).toEqual([line(3, 'repeated'), line(4, 'repeated'), line(5, 'repeated')]);
      expect(found.params).toEqual({ lines: 3 });
    });

    it('names codes that exist already, in this contest and in others', async () => {
      const other = await createContest(test, { tickets: 3, startsAt: soon() });
      const [own] = await codesOf(contest);
      const [theirs] = await codesOf(other);
      const [a = '', b = ''] = unknownCodes(2);
      const found = await refusal(contest, csv('code', a, own!, b, theirs!));
      expect(found.fields).toEqual([line(3, 'taken'), line(5, 'taken')]);
      expect(found.params).toEqual({ lines: 2 });
    });

    it('names all kinds together, in the order of the file, each line once', async () => {
      const [own = ''] = await codesOf(contest);
      const [a = ''] = unknownCodes(1);
      const found = await refusal(contest, csv('code', own, 'bad', a, a, own));
      expect(found.fields.map(({ path }) => path)).toEqual(['line 2', 'line 3', 'line 5', 'line 6']);
      expect(found.params).toEqual({ lines: 4 });
    });

    it('names the line where the CSV itself is broken', async () => {
      const [a = '', b = '', c = ''] = unknownCodes(3);
      const found = await refusal(contest, csv('code', a, `"${b}" and more`, c));
      expect(found.fields).toEqual([line(3, 'format')]);
      const open = await refusal(contest, csv('code', a, b, `"${c}`));
      expect(open.params.lines).toBe(1);
      expect(open.fields).toEqual([{ path: expect.stringMatching(/^line [1-9]/) as string, message: 'import.format' }]);
    });

    it('tells how many there are though it names the first hundred only', async () => {
      const bad = Array.from({ length: 250 }, (_, n) => `bad${n}`);
      const found = await refusal(contest, csv('code', ...unknownCodes(5), ...bad));
      expect(found.params).toEqual({ lines: 250 });
      expect(found.fields).toHaveLength(100);
      expect(found.fields[0]).toEqual(line(7, 'format'));
    });

    it.each([
      ['an empty file', ['']],
      ['a heading and nothing else', ['code']],
    ])('refuses %s, and changes nothing', async (_, lines) => {
      const before = await state(contest);
      await expect(runs.import(contest.id, csv(...lines))).rejects.toMatchObject({ code: 'IMPORT_REFUSED' });
      expect(await state(contest)).toEqual(before);
    });

    it('changes nothing where the file breaks off with an error', async () => {
      const before = await state(contest);
      const broken = Readable.from(
        (function* () {
          yield unknownCodes(2000).join('\n');
          throw new Error('The disk is gone');
        })(),
      );
      await expect(runs.import(contest.id, broken)).rejects.toThrow('The disk is gone');
      expect(await state(contest)).toEqual(before);
      // And the connections are all there again: more imports than the pool has.
      for (let n = 0; n < 12; n++) await refusal(contest, csv('bad'));
    });
  });

  it('belongs to a contest of a slug of its own', async () => {
    const contests = test.app.get(ContestsService);
    await contests.create({ preset: PRESETS['the-tip-top'], slug: 'once' });
    await expect(contests.create({ preset: PRESETS['the-tip-top'], slug: 'once' })).rejects.toMatchObject({
      code: 'CONTEST_SLUG_TAKEN',
    });
    await expect(contests.bySlug('nowhere')).rejects.toMatchObject({ code: 'CONTEST_NOT_FOUND' });
    expect((await contests.bySlug('once')).slug).toBe('once');
  });
});
