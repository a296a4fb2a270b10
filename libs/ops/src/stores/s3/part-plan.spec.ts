import { planParts } from './part-plan';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe('How a file is cut into parts', () => {
  it.each([0, 1, 8 * MIB, GIB, 78 * GIB, 79 * GIB, 156 * GIB, 157 * GIB, 312 * GIB, 5 * 1024 * GIB])(
    'so that %d bytes fit into 10,000 parts of at least 5 MiB',
    (bytes) => {
      const { partSize, queueSize } = planParts(bytes);
      expect(Math.ceil(bytes / partSize)).toBeLessThanOrEqual(10_000);
      expect(partSize).toBeGreaterThanOrEqual(5 * MIB);
      expect(queueSize).toBeGreaterThanOrEqual(1);
    },
  );

  it('with 32 MiB in memory at most, up to 312 GiB', () => {
    for (let bytes = 1; bytes <= 312 * GIB; bytes = Math.ceil(bytes * 1.3)) {
      const { partSize, queueSize } = planParts(bytes);
      expect(partSize * queueSize).toBeLessThanOrEqual(32 * MIB);
    }
    expect(planParts(1024 * GIB).queueSize).toBe(1);
  });

  it('several at a time where there is room', () => {
    expect(planParts(GIB)).toEqual({ partSize: 8 * MIB, queueSize: 3 });
    expect(planParts(100 * GIB).queueSize).toBe(2);
  });
});
