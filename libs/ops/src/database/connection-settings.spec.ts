import { StepFailure } from '../backups/backup-source';
import { connectionEnvironment, placeInWords, placeOf, withDatabase } from './connection-settings';

const URL_OF_TESTS = 'postgres://cam%40ille:p%40ss%2Fw%3Ard@db.example:6543/tip%20top';

describe('How PostgreSQL’s programs reach a database', () => {
  it('is told by their environment', () => {
    expect(connectionEnvironment(URL_OF_TESTS)).toEqual({
      PGHOST: 'db.example',
      PGPORT: '6543',
      PGUSER: 'cam@ille',
      PGPASSWORD: 'p@ss/w:rd',
      PGDATABASE: 'tip top',
      PGCONNECT_TIMEOUT: '30',
    });
  });

  it('says nothing of a password that there is not', () => {
    expect(connectionEnvironment('postgres://reader@db.example/tiptop')).not.toHaveProperty('PGPASSWORD');
  });

  it('knows an address of six, and a socket', () => {
    expect(connectionEnvironment('postgres://reader@[::1]:5433/tiptop')).toMatchObject({
      PGHOST: '::1',
      PGPORT: '5433',
    });
    for (const url of [
      'postgres://reader@%2Fvar%2Frun%2Fpostgresql/tiptop',
      'postgres:///tiptop?host=/var/run/postgresql&user=reader',
    ]) {
      expect(connectionEnvironment(url)).toMatchObject({
        PGHOST: '/var/run/postgresql',
        PGPORT: '5432',
        PGUSER: 'reader',
        PGDATABASE: 'tiptop',
      });
    }
  });

  it('keeps what both sides know, and leaves out what the programs would stumble over', () => {
    const parameters =
      'application_name=night&connect_timeout=5&options=-c%20statement_timeout%3D0&channel_binding=require&' +
      'uselibpqcompat=true&keepAlive=true&schema=public&pool_max=4&target_session_attrs=any';
    const environment = connectionEnvironment(`${URL_OF_TESTS}?${parameters}`);
    expect(environment).toMatchObject({
      PGAPPNAME: 'night',
      PGCONNECT_TIMEOUT: '5',
      PGOPTIONS: '-c statement_timeout=0',
      PGCHANNELBINDING: 'require',
      PGTARGETSESSIONATTRS: 'any',
    });
    expect(Object.keys(environment)).toHaveLength(10);
  });

  it.each([
    ['', {}],
    ['sslmode=disable', { PGSSLMODE: 'disable' }],
    ['sslmode=require&uselibpqcompat=true', { PGSSLMODE: 'require' }],
    ['sslmode=no-verify', { PGSSLMODE: 'require' }],
    ['ssl=true', { PGSSLMODE: 'verify-full' }],
    ['ssl=0', {}],
    [`sslmode=verify-full&sslrootcert=${__filename}`, { PGSSLMODE: 'verify-full', PGSSLROOTCERT: __filename }],
  ])('encrypts for %j as the service does', (parameters, expected) => {
    const environment = connectionEnvironment(`${URL_OF_TESTS}?${parameters}`);
    const tls = Object.entries(environment).filter(([name]) => name.startsWith('PGSSL'));
    // Which authorities are trusted is the system's matter where the URL does not say it.
    const told = Object.fromEntries(
      tls.filter(([name]) => name !== 'PGSSLROOTCERT' || parameters.includes('sslrootcert')),
    );
    expect(told).toEqual(expected);
  });

  it('can’t be told by a URL that names certificates that are not there', () => {
    const url = `${URL_OF_TESTS}?sslrootcert=/nowhere/ca.pem`;
    for (const read of [connectionEnvironment, placeOf]) {
      expect(() => read(url)).toThrow(StepFailure);
      expect(() => read(url)).toThrow(/URL can't be used \(.*ENOENT/);
    }
  });
});

describe('A database’s place', () => {
  it('is told without its password', () => {
    expect(placeInWords(placeOf(URL_OF_TESTS))).toBe('database tip top on db.example:6543');
    expect(placeInWords(placeOf('postgres:///tiptop?host=/run/pg&user=u'))).toBe('database tiptop on /run/pg');
  });

  it('is the same for another database of the server', () => {
    const other = withDatabase(`${URL_OF_TESTS}?sslmode=disable&connect_timeout=5`, 'a b-é');
    expect(connectionEnvironment(other)).toEqual({
      ...connectionEnvironment(`${URL_OF_TESTS}?sslmode=disable&connect_timeout=5`),
      PGDATABASE: 'a b-é',
    });
    for (const url of [
      'postgres://u@h/one?dbname=two',
      'postgres://u@%2Frun%2Fpg/one',
      'postgres:///one?host=/run/pg&user=u',
    ]) {
      expect(placeOf(withDatabase(url, 'three')).database).toBe('three');
      expect(placeOf(withDatabase(url, 'three')).host).toBe(placeOf(url).host);
    }
  });
});
