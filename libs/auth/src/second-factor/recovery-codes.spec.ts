import { createHash } from 'node:crypto';
import { newRecoveryCodes, recoveryCodeHash } from './recovery-codes';

describe('Recovery codes', () => {
  it('are ten, in groups that can be read aloud, of letters that can’t be taken for others', () => {
    const codes = newRecoveryCodes();
    expect(codes).toHaveLength(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  });

  it('are never the same, and use every letter', () => {
    const codes = Array.from({ length: 40 }, newRecoveryCodes).flat();
    expect(new Set(codes).size).toBe(codes.length);
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32);
  });

  it('are known by the SHA-256 of what matters in them, however they are typed', () => {
    const hash = createHash('sha256').update('10QK2M9XHPA3D0RW').digest();
    for (const typed of ['10QK-2M9X-HPA3-D0RW', '10qk2m9xhpa3d0rw', ' lOqk 2m9x hpa3 dorw\n', 'I0QK-2M9X-HPA3-DORW']) {
      expect(recoveryCodeHash(typed)).toEqual(hash);
    }
    expect(recoveryCodeHash('20QK-2M9X-HPA3-D0RW')).not.toEqual(hash);
  });
});
