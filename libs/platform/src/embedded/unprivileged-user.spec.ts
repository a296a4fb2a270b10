import { findUnprivilegedUser } from './unprivileged-user';

const ROOT = 'root:x:0:0:root:/root:/bin/bash\n';
const NOBODY = 'nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n';
const POSTGRES = 'postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n';

describe('the account in place of root', () => {
  it('is postgres, or else nobody', () => {
    expect(findUnprivilegedUser(ROOT + NOBODY + POSTGRES)).toEqual({ name: 'postgres', uid: 101, gid: 104 });
    expect(findUnprivilegedUser(ROOT + NOBODY)).toEqual({ name: 'nobody', uid: 65534, gid: 65533 });
  });

  it('is never root under another name, nor a line without numbers', () => {
    expect(findUnprivilegedUser(ROOT)).toBeUndefined();
    expect(findUnprivilegedUser('')).toBeUndefined();
    expect(findUnprivilegedUser('postgres:x:0:0::/:/bin/sh\nnobody:x::\n+::::::\n')).toBeUndefined();
  });
});
