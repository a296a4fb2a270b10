import fc from 'fast-check';
import { isSameRelease, type Release } from '../release';
import { type HistoryRow, releaseHistory } from './release-history';

function image(digest: string, repository = 'registry.example/x'): Release['backend'] {
  return { repository, digest, id: `id ${digest}`, version: null, revision: null };
}

/** @param name of the backend's digest, and after a slash of the frontend's */
function release(name: string): Release {
  const [backend = '', frontend] = name.split('/');
  return { backend: image(backend), frontend: frontend === undefined ? null : image(frontend) };
}

function row(
  kind: HistoryRow['kind'],
  status: HistoryRow['status'],
  to: string | null,
  from: string | null,
): HistoryRow {
  return {
    kind,
    status,
    release: to === null ? null : release(to),
    previous: from === null ? null : release(from),
  };
}

const deployed = (to: string, from: string | null): HistoryRow => row('deployment', 'succeeded', to, from);
const rolledBack = (to: string, from: string): HistoryRow => row('rollback', 'succeeded', to, from);
const failed = (status: HistoryRow['status'], to: string, from: string | null): HistoryRow =>
  row('deployment', status, to, from);

function names(rows: readonly HistoryRow[]): string[] {
  return releaseHistory(rows).map(({ backend, frontend }) =>
    frontend ? `${backend.digest}/${frontend.digest}` : backend.digest,
  );
}

describe('The releases that one can go back through', () => {
  it.each<[string, HistoryRow[], string[]]>([
    ['none, where nothing is on record', [], []],
    ['one, of a first deployment', [deployed('a', null)], ['a']],
    ['what served before the first record', [deployed('b', 'a')], ['a', 'b']],
    ['each that was deployed', [deployed('a', null), deployed('b', 'a'), deployed('c', 'b')], ['a', 'b', 'c']],
    ['one that was deployed twice running, once', [deployed('a', null), deployed('a', 'a')], ['a']],
    ['another frontend alone', [deployed('a/x', null), deployed('a/y', 'a/x')], ['a/x', 'a/y']],
    [
      'a frontend that came or went',
      [deployed('a', null), deployed('a/x', 'a'), deployed('a', 'a/x')],
      ['a', 'a/x', 'a'],
    ],
    ['not what was rolled back by itself', [deployed('a', null), failed('rolled-back', 'b', 'a')], ['a']],
    ['what served on when the first on record was rolled back', [failed('rolled-back', 'b', 'a')], ['a']],
    ['not what was cancelled', [deployed('a', null), failed('cancelled', 'b', 'a')], ['a']],
    ['what was cancelled, once it ran', [failed('cancelled', 'a', null), deployed('b', 'a')], ['a', 'b']],
    ['not what failed', [deployed('a', null), failed('failed', 'b', 'a'), deployed('c', 'b')], ['a', 'c']],
    ['not what failed before any other', [failed('failed', 'a', null), deployed('b', 'a')], ['b']],
    ['what failed first and was good later', [failed('failed', 'a', null), deployed('a', 'a')], ['a']],
    [
      'one that was good, though its second deployment failed',
      [deployed('a', 'z'), failed('failed', 'a', 'a')],
      ['z', 'a'],
    ],
    [
      'not what was rolled back by hand',
      [deployed('a', null), deployed('b', 'a'), deployed('c', 'b'), rolledBack('b', 'c')],
      ['a', 'b'],
    ],
    [
      'further back by the second rollback',
      [deployed('a', null), deployed('b', 'a'), deployed('c', 'b'), rolledBack('b', 'c'), rolledBack('a', 'b')],
      ['a'],
    ],
    ['beyond one that was jumped over', [deployed('a', 'z'), deployed('b', 'a'), rolledBack('z', 'b')], ['z']],
    [
      'a snapshot of before the records',
      [deployed('b', 'a'), deployed('c', 'b'), rolledBack('z', 'c')],
      ['a', 'b', 'z'],
    ],
    [
      'what is deployed anew after a rollback',
      [deployed('a', null), deployed('b', 'a'), rolledBack('a', 'b'), deployed('b', 'a')],
      ['a', 'b'],
    ],
    ['no rollback that failed', [deployed('b', 'a'), row('rollback', 'failed', 'a', 'b')], ['a', 'b']],
    ['nothing that is not known', [row('deployment', 'failed', null, null), deployed('a', null)], ['a']],
  ])('are %s', (_, rows, expected) => {
    expect(names(rows)).toEqual(expected);
  });

  it('end with what served last, and never repeat it, whatever happened', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd/x', 'd/y');
    const anyRow = fc.record({
      kind: fc.constantFrom('deployment' as const, 'rollback' as const),
      status: fc.constantFrom('succeeded' as const, 'failed' as const, 'rolled-back' as const, 'cancelled' as const),
      to: name,
      from: fc.option(name),
    });
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 30 }), (plan) => {
        const rows = plan.map(({ kind, status, to, from }) => row(kind, status, to, from));
        const served = names(rows);
        const last = plan.findLast(({ status }) => status === 'succeeded');
        if (last) expect(served.at(-1)).toBe(last.to);
        for (let n = 1; n < served.length; n++) expect(served[n]).not.toBe(served[n - 1]);
      }),
    );
  });

  it('are the same by their digests, whatever they are called', () => {
    const one = { backend: image('a'), frontend: image('x') };
    expect(isSameRelease(one, { backend: image('a', 'elsewhere'), frontend: image('x', 'elsewhere') })).toBe(true);
    expect(isSameRelease(one, { backend: image('a'), frontend: image('y') })).toBe(false);
    expect(isSameRelease(one, { backend: image('a'), frontend: null })).toBe(false);
  });
});
