import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import {
  isDatabaseUnavailable,
  isForeignKeyViolation,
  isLockFailure,
  isRefusedBy,
  isUniqueViolation,
} from './database-errors';

const withCode = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

function fromServer(code: string, message = 'x'): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code });
}

const throughTypeOrm = (cause: Error): QueryFailedError => new QueryFailedError('SELECT 1', [], cause);

describe('isDatabaseUnavailable', () => {
  it.each([
    ['nobody listens', withCode('ECONNREFUSED')],
    ['the connection broke', withCode('ECONNRESET')],
    ['it broke while we wrote', withCode('EPIPE')],
    ['the network is away', withCode('EHOSTUNREACH')],
    ['the name is unknown', withCode('ENOTFOUND')],
    ['the name can’t be asked', withCode('EAI_AGAIN')],
    ['it took too long', withCode('ETIMEDOUT')],
    ['both addresses refuse', new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')])],
    ['the server shuts down', fromServer('57P01')],
    ['the server crashed', fromServer('57P02')],
    ['the server starts', fromServer('57P03')],
    ['connection exception', fromServer('08006')],
    ['too many connections', fromServer('53300')],
    ['disk full', fromServer('53100')],
    ['out of memory', fromServer('53200')],
    ['TypeORM wraps it', throughTypeOrm(fromServer('57P01'))],
    ['pg lost the connection', new Error('Connection terminated unexpectedly')],
    ['pg lost the connection, through TypeORM', throughTypeOrm(new Error('Connection terminated unexpectedly'))],
    ['the pool ran out', new Error('timeout exceeded when trying to connect')],
    ['the client is spoilt', new Error('Client has encountered a connection error and is not queryable')],
    ['the pool was ended', new Error('Cannot use a pool after calling end on the pool')],
  ])('yes, where %s', (_, error) => {
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'ECONNREFUSED'],
    ['an ordinary error', new Error('x')],
    ['an error that only speaks of it', new Error('the ECONNREFUSED page')],
    ['a broken constraint', fromServer('23505')],
    ['a statement that took too long', fromServer('57014')],
    ['a dropped database', fromServer('57P04')],
    ['a wrong password', fromServer('28P01')],
    ['a syntax error that quotes the sentence', fromServer('42601', 'syntax error at "Connection terminated"')],
    ['an aggregate of others', new AggregateError([new Error('x')])],
    ['a number for a code', Object.assign(new Error('x'), { code: 8006 })],
  ])('no, for %s', (_, error) => {
    expect(isDatabaseUnavailable(error)).toBe(false);
  });
});

describe('Broken constraints', () => {
  const broken = (code: string, constraint: string) => throughTypeOrm(Object.assign(fromServer(code), { constraint }));

  it('are told apart by kind and by name', () => {
    const unique = broken('23505', 'users_email_key_key');
    expect(isUniqueViolation(unique)).toBe(true);
    expect(isUniqueViolation(unique, 'users_email_key_key')).toBe(true);
    expect(isUniqueViolation(unique, 'tickets_pkey')).toBe(false);
    expect(isForeignKeyViolation(unique)).toBe(false);
    const foreign = broken('23503', 'tickets_store_id_fkey');
    expect(isForeignKeyViolation(foreign, 'tickets_store_id_fkey')).toBe(true);
    expect(isForeignKeyViolation(foreign, 'other')).toBe(false);
    expect(isUniqueViolation(foreign)).toBe(false);
    for (const other of [undefined, null, 'x', new Error('x')]) {
      expect([isUniqueViolation(other), isForeignKeyViolation(other)]).toEqual([false, false]);
    }
  });

  it('are told from what a trigger refuses', () => {
    const refused = broken('23001', 'users_last_admin');
    expect(isRefusedBy(refused, 'users_last_admin')).toBe(true);
    expect(isRefusedBy(refused, 'users_keep_erased')).toBe(false);
    expect(isRefusedBy(throughTypeOrm(fromServer('23001')), 'users_last_admin')).toBe(false);
    expect(isRefusedBy(broken('23505', 'users_last_admin'), 'users_last_admin')).toBe(false);
    expect(isUniqueViolation(refused)).toBe(false);
    for (const other of [undefined, null, 'x', new Error('x')]) expect(isRefusedBy(other, 'x')).toBe(false);
  });
});

describe('isLockFailure', () => {
  it.each([
    ['a wait that was cut short', fromServer('55P03'), true],
    ['a deadlock', throughTypeOrm(fromServer('40P01')), true],
    ['a statement that took too long', fromServer('57014'), false],
    ['nothing', undefined, false],
  ])('%s', (_, error, expected) => {
    expect(isLockFailure(error)).toBe(expected);
  });
});
