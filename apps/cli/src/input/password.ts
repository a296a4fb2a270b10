import { text } from 'node:stream/consumers';
import { PASSWORD_MAX_LENGTH } from '@tiptop/auth';
import { UsageError } from '../failures/cli-error';

/**
 * Reads a password to the end of the input, and drops the line's end that `echo` puts there.
 * @throws UsageError for an input without a password; none of the messages repeats it
 */
export async function readPassword(input: NodeJS.ReadableStream & { isTTY?: boolean }): Promise<string> {
  if (input.isTTY) throw new UsageError('--password-stdin wants the password piped in, so that nobody reads it here.');
  const password = (await text(input)).replace(/\r?\n$/, '');
  if (password === '') throw new UsageError('There is no password on stdin.');
  if (password.length > PASSWORD_MAX_LENGTH)
    throw new UsageError(`The password has more than ${PASSWORD_MAX_LENGTH} characters.`);
  return password;
}
