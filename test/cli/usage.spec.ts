import { existsSync } from 'node:fs';
import { json, Tiptop } from './tiptop';

describe('Usage of the command line', () => {
  let tiptop: Tiptop;

  beforeAll(async () => {
    tiptop = await Tiptop.build();
  });

  afterAll(() => tiptop.remove());

  it('shows help on stdout when asked', async () => {
    const root = await tiptop.run(['--help']);
    expect(root).toMatchObject({ exitCode: 0, stderr: '' });
    expect(root.stdout).toMatch(/^Usage: tiptop /);
    for (const noun of ['migrate', 'users', 'contests', 'tickets']) expect(root.stdout).toContain(`  ${noun} `);
    const command = await tiptop.run(['tickets', 'import', '--help']);
    expect(command).toMatchObject({ exitCode: 0, stderr: '' });
    expect(command.stdout).toContain('Usage: tiptop tickets import [options] <file>');
  });

  it('shows it on stderr, and fails, when nothing was asked', async () => {
    const run = await tiptop.run([]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('Usage: tiptop');
  });

  it('answers 2 to wrong usage, and touches nothing', async () => {
    const command = await tiptop.run(['frobnicate']);
    expect(command).toEqual({ exitCode: 2, stdout: '', stderr: "tiptop: unknown command 'frobnicate'\n" });
    const value = await tiptop.run(['tickets', 'generate', '--contest', 's', '--count', '-5', '--json']);
    expect(value).toMatchObject({ exitCode: 2, stderr: '' });
    expect(json(value)).toEqual({ error: { code: 'WRONG_USAGE', message: expect.any(String) as string } });
    expect(existsSync(tiptop.path('data'))).toBe(false);
  });
});
