import type { Release } from '../release';
import { planSnapshots } from './plan-snapshots';
import { samplePoint, sampleRelease } from './spec-support/samples';

const A = sampleRelease('a');
const B = sampleRelease('b');
const C = sampleRelease('c');
const D = sampleRelease('d');
const E = sampleRelease('e');

/** @param held what each snapshot holds, the oldest first, from the first of the month on */
function plan(
  held: Release[],
  question: { last?: number; running?: Release | null; predecessor?: Release | null } = {},
): Record<number, readonly string[]> {
  const points = held.map((release, n) => samplePoint(n + 1, release));
  const verdicts = planSnapshots({ points, last: 2, running: null, predecessor: null, ...question });
  expect(verdicts.map(({ point }) => point.tag)).toEqual(points.map(({ tag }) => tag).reverse());
  const kept = verdicts.filter(({ reasons }) => reasons.length > 0);
  return Object.fromEntries(kept.map(({ point, reasons }) => [Number(point.tag.slice(13, 15)), reasons]));
}

describe('Of the snapshots', () => {
  it('the last ones stay', () => {
    expect(plan([A, B, C, D])).toEqual({ 4: ['one of the last 2'], 3: ['one of the last 2'] });
    expect(plan([A], { last: 5 })).toEqual({ 1: ['one of the last 5'] });
    expect(plan([])).toEqual({});
  });

  it('those of the running version and of its predecessor stay, however many failed deployments came after', () => {
    const held = [A, B, C, C, C, C];
    expect(plan(held, { running: C, predecessor: B })).toEqual({
      6: ['one of the last 2', 'holds the running version'],
      5: ['one of the last 2'],
      2: ['rollback point of the running version'],
      1: ['rollback point of the predecessor'],
    });
  });

  it('the rollback point of a predecessor is the newest one that it replaced', () => {
    const held = [A, B, A, B, C, D, D];
    expect(plan(held, { running: D, predecessor: C })).toMatchObject({
      5: ['rollback point of the running version'],
      4: ['rollback point of the predecessor'],
    });
    expect(Object.keys(plan(held, { running: D, predecessor: C }))).toEqual(['4', '5', '6', '7']);
  });

  it('after a rollback, those of the version that runs again stay', () => {
    const held = [A, B, C, D, E];
    expect(plan(held, { last: 1, running: B, predecessor: A })).toEqual({
      5: ['one of the last 1'],
      2: ['holds the running version'],
      1: ['rollback point of the running version'],
    });
  });

  it('one holds a release where the images are the same, whatever digests they were pushed by', () => {
    const pushedAgain = { ...B, backend: { ...B.backend, digest: A.backend.digest } };
    expect(plan([pushedAgain, C, D], { last: 1, running: null, predecessor: B })).toEqual({
      3: ['one of the last 1'],
      1: ['rollback point of the running version'],
    });
    const otherFrontend = { ...B, frontend: null };
    expect(plan([otherFrontend, C, D], { last: 1, predecessor: B })).toEqual({ 3: ['one of the last 1'] });
  });
});
