import { DatabaseError } from 'pg';
import { StepFailure } from '../backups/backup-source';
import { codeOf, databaseFault } from './database-fault';

const PLACE = { host: 'db.example', port: 5432, user: 'dumper', database: 'tiptop' };

function answer(code: string, message = 'x'): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code });
}
const system = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('What a database answers', () => {
  it.each<[Error, string, boolean]>([
    [system('ECONNREFUSED'), 'nobody answers there (connection refused)', true],
    [
      new AggregateError([system('ECONNREFUSED'), system('ENETUNREACH')]),
      'nobody answers there (connection refused)',
      true,
    ],
    [system('ENOTFOUND'), 'the name db.example is not known', true],
    [system('ETIMEDOUT'), 'it does not answer in time', true],
    [new Error('timeout expired'), 'it does not answer in time (timeout expired)', true],
    [new Error('Query read timeout'), 'it does not answer in time (Query read timeout)', true],
    [system('ECONNRESET'), 'it was shut down, or the connection was cut, in the middle', true],
    [
      new Error('Connection terminated unexpectedly'),
      'it was shut down, or the connection was cut, in the middle (Connection terminated unexpectedly)',
      true,
    ],
    [answer('57P01'), 'it was shut down, or the connection was cut, in the middle', true],
    [answer('57P03'), 'it is starting or shutting down', true],
    [answer('53300'), 'it has no connection left', true],
    [answer('53100'), 'its disk is full', true],
    [answer('55P03', 'lock timeout'), 'something holds a table for itself, a migration for one (lock timeout)', true],
    [answer('28P01'), 'the password of role dumper is refused', false],
    [answer('28000', 'no pg_hba.conf entry'), 'it lets us not in: no pg_hba.conf entry', false],
    [answer('3D000'), 'there is no such database', false],
    [
      answer('42501', 'permission denied for table users'),
      'permission denied for table users (role dumper; to let it read everything: GRANT pg_read_all_data)',
      false,
    ],
    [
      new Error('The server does not support SSL connections'),
      'it does not encrypt its connections, and the URL asks for that (The server does not support SSL connections)',
      false,
    ],
    [new Error('self-signed certificate'), 'its certificate is not to be trusted (self-signed certificate)', false],
    [answer('XX000', 'something new'), 'something new', true],
  ])('is told in words: %p', (error, words, mayPass) => {
    const fault = databaseFault(error, PLACE, 'dumping');
    expect(fault).toBeInstanceOf(StepFailure);
    expect(fault.message).toBe(`dumping: database tiptop on db.example:5432: ${words}`);
    expect(fault.mayPass).toBe(mayPass);
    expect(fault.cause).toBe(error);
  });

  it('is told once, and without what people typed', () => {
    const first = databaseFault(answer('3D000'), PLACE, 'dumping');
    expect(databaseFault(first, PLACE, 'again')).toBe(first);
    const typed = databaseFault(answer('22P02', 'invalid input syntax for type uuid: "zoe@example.fr"'), PLACE, 'x');
    expect(typed.message).not.toMatch(/zoe/);
  });

  it('keeps its code', () => {
    expect(codeOf(databaseFault(answer('42501'), PLACE, 'x'))).toBe('42501');
    expect(codeOf(answer('55006'))).toBe('55006');
    expect([codeOf(undefined), codeOf(new Error('x')), codeOf('x')]).toEqual(['', '', '']);
  });
});
