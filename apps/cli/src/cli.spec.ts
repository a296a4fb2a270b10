import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Cli } from './cli';

const USER = ['users', 'create', '--email', 'a@example.fr', '--role', 'admin', '--first-name', 'A', '--last-name', 'B'];
// Nothing here may come so far as to make it.
const DATA_DIR = join(__dirname, 'never-made');

async function run(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await new Cli({ args, variables: { DATA_DIR }, stdin: Readable.from([]), stdout, stderr }).run();
  stdout.end();
  stderr.end();
  const [onStdout, onStderr] = await said;
  return { exitCode, stdout: onStdout, stderr: onStderr };
}

describe('Cli', () => {
  afterEach(() => {
    expect(existsSync(DATA_DIR)).toBe(false);
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
    ['a noun without a verb', ['migrate'], /a command is missing; there are: up, down, status/],
    ['an unknown verb', ['migrate', 'sideways'], /unknown command 'sideways'; there are: up, down, status/],
    ['an unknown option', ['migrate', 'up', '--force'], /unknown option '--force'/],
    ['too many arguments', ['migrate', 'up', 'twice'], /too many arguments/],
    ['a missing option', ['tickets', 'generate', '--contest', 's'], /required option '--count <count>' not specified/],
    ['a missing value', ['tickets', 'generate', '--contest', 's', '--count'], /argument missing/],
    ['no --password-stdin', USER, /'--password-stdin' not specified/],
    ['an unknown role', ['users', 'create', '--role', 'king'], /--role must be one of: customer, employee, admin/],
    ['a wrong e-mail', [...USER, '--email', 'a', '--password-stdin'], /--email: must be an e-mail address/],
    ['a wrong date', [...USER, '--birth-date', '1990-02-30', '--password-stdin'], /--birth-date: must be a real date/],
    ['an empty name', [...USER, '--first-name', ' ', '--password-stdin'], /--first-name: is too short/],
    ['an unknown preset', ['contests', 'create', '--preset', 'x'], /--preset must be one of: the-tip-top/],
    ['a wrong slug', ['contests', 'create', '--slug', 'Été'], /--slug must be/],
    ['a wrong moment', ['contests', 'create', '--starts-at', 'tomorrow'], /--starts-at must be a date/],
    ['a negative count', ['contests', 'create', '--tickets', '-1'], /--tickets must be a whole number from 0/],
    ['a count of none', ['tickets', 'generate', '--contest', 's', '--count', '0'], /--count must be .* from 1/],
    ['a broken count', ['tickets', 'generate', '--contest', 's', '--count', '1.5'], /--count must be a whole number/],
    ['a count too large', ['tickets', 'generate', '--contest', 's', '--count', '1e9'], /--count must be/],
    ['an unknown status', ['tickets', 'export', '--contest', 's', '--status', 'won'], /--status must be one of/],
    ['a limit of none', ['tickets', 'export', '--contest', 's', '--limit', '0'], /--limit must be/],
    ['no file', ['tickets', 'import', '--contest', 's'], /missing required argument 'file'/],
    ['a file that is not there', ['tickets', 'import', '--contest', 's', 'no.csv'], /There is no file no\.csv/],
    ['a folder', ['tickets', 'import', '--contest', 's', '.'], /\. is a folder/],
  ])('answers 2 to %s', async (_, args, said) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^tiptop: /);
    expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['the command', ['migrate', 'sideways', '--json']],
    ['an option', ['tickets', '--json', 'export']],
    ['a value', ['--json', 'contests', 'create', '--tickets', 'many']],
  ])('says in JSON what is wrong with %s, wherever --json stands', async (_, args) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'WRONG_USAGE', message: expect.any(String) as string } });
  });
});
