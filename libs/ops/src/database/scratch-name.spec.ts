import { madeAt, scratchName } from './scratch-name';

describe('A scratch database’s name', () => {
  it('tells when it was made, in whole seconds, and is another each time', () => {
    const at = new Date('2026-11-22T02:00:07.891Z');
    const name = scratchName(at);
    expect(name).toMatch(/^tiptop_scratch_20261122020007_[0-9a-f]{8}$/);
    // PostgreSQL cuts a name off after 63 bytes.
    expect(name.length).toBeLessThan(64);
    expect(madeAt(name)).toEqual(new Date('2026-11-22T02:00:07Z'));
    expect(scratchName(at)).not.toBe(name);
  });

  it.each([
    'tiptop',
    'tiptop_scratch_',
    'tiptop_scratch_mine',
    'tiptop_scratch_20261122020007',
    'tiptop_scratch_20261122020007_0A1B2C3D',
    'tiptop_scratch_20261122020007_0a1b2c3d_old',
    'xtiptop_scratch_20261122020007_0a1b2c3d',
    'tiptop_scratch_20261122020007_0a1b2c3d\n',
    'tiptop_scratch_20269922020007_0a1b2c3d',
  ])('is not %j', (name) => {
    expect(madeAt(name)).toBeUndefined();
  });
});
