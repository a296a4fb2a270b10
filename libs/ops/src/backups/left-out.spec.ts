import { BACKUP_KINDS } from './backup-id';
import { whyLeftOut } from './left-out';

const SOURCES = ['database', 'images', 'configuration', 'jenkins'];

describe('What a backup is made of', () => {
  it('is all, but before a deployment what that may change', () => {
    const parts = BACKUP_KINDS.map((kind) => [
      kind,
      SOURCES.filter((name) => whyLeftOut({ name, disabled: undefined }, kind) === undefined),
    ]);
    expect(Object.fromEntries(parts)).toEqual({
      daily: SOURCES,
      weekly: SOURCES,
      monthly: SOURCES,
      'pre-deploy': ['database', 'configuration'],
      manual: SOURCES,
    });
    expect(whyLeftOut({ name: 'images', disabled: undefined }, 'pre-deploy')).toMatch(/backup-\* tags/);
  });

  it('is nothing that is switched off, for its own reason', () => {
    for (const kind of BACKUP_KINDS) {
      expect(whyLeftOut({ name: 'images', disabled: 'DOCKER_HOST is not set' }, kind)).toBe('DOCKER_HOST is not set');
    }
  });
});
