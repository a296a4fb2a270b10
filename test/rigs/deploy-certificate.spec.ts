import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Processes } from '@tiptop/ops';
import { SelfSignedCertificate } from '../../libs/ops/src/deployments/prepare/self-signed-certificate';

const { signal } = new AbortController();

describe('SelfSignedCertificate', () => {
  let folder: string;
  const certificate = new SelfSignedCertificate(new Processes());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-certificate-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made for the names it is asked for, with a key that nobody else reads', async () => {
    const certificates = join(folder, 'new');
    expect(await certificate.ensure(certificates, ['api.a.example', 'a.example', '127.0.0.1'], signal)).toBe(true);
    expect((await readdir(certificates)).sort()).toEqual(['fullchain.pem', 'privkey.pem']);
    const made = new X509Certificate(await readFile(join(certificates, 'fullchain.pem')));
    for (const name of ['api.a.example', 'a.example']) expect(made.checkHost(name)).toBe(name);
    expect(made.checkHost('b.example')).toBeUndefined();
    expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect((await stat(join(certificates, 'privkey.pem'))).mode & 0o077).toBe(0);
  });

  it('never touches one that is there, nor a link to one', async () => {
    await writeFile(join(folder, 'fullchain.pem'), 'a real one');
    expect(await certificate.ensure(folder, ['a.example'], signal)).toBe(false);
    expect(await readdir(folder)).toEqual(['fullchain.pem']);
    await rm(join(folder, 'fullchain.pem'));
    await symlink('/nowhere/privkey.pem', join(folder, 'privkey.pem'));
    expect(await certificate.ensure(folder, ['a.example'], signal)).toBe(false);
    expect(await readdir(folder)).toEqual(['privkey.pem']);
  });

  it('leaves nothing where it could not be made', async () => {
    // A name that openssl refuses.
    await expect(certificate.ensure(folder, ['a.example,DNS'], signal)).rejects.toThrow(/openssl ended with 1/);
    expect(await readdir(folder)).toEqual([]);
  });
});
