import { createLogger } from '@tiptop/platform';
import type { OperationLease } from '../schedule/operation-lease';
import type { Drill } from './drill';
import type { DrillRequest } from './drill-outcome';
import { LeasedDrills } from './drill-runs';

describe('Leased drills', () => {
  it('stop where the lease is lost, and not only where the caller stops', async () => {
    const lost = new AbortController();
    const asked: [string, DrillRequest][] = [];
    let operation = '';
    const lease = {
      hold: (name: string, _signal: AbortSignal, work: (signal: AbortSignal) => Promise<unknown>) => {
        operation = name;
        return work(lost.signal);
      },
    } as unknown as OperationLease;
    const drill = {
      run: (request: DrillRequest) => {
        asked.push([operation, request]);
        return Promise.resolve({ status: 'passed', verdicts: [], warnings: [], detail: '' });
      },
    } as unknown as Drill;
    const { signal } = new AbortController();
    await new LeasedDrills(lease, drill, createLogger('silent')).drill({ store: 's3', signal });
    expect(asked).toMatchObject([['drill', { store: 's3' }]]);
    expect(asked[0]?.[1].signal).toBe(lost.signal);
  });
});
