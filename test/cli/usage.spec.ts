import { existsSync } from 'node:fs';
import { json, Tiptop } from './tiptop';

/** Every command there is: one that is added has to be added here, too. */
const COMMANDS = {
  audit: ['verify'],
  backup: ['run', 'list', 'verify', 'prune', 'keygen'],
  contests: ['create', 'verify'],
  deploy: ['prepare', 'snapshot'],
  kpi: [],
  migrate: ['up', 'down', 'status'],
  restore: ['drill'],
  rollback: [],
  smoke: [],
  stats: ['verify'],
  tickets: ['generate', 'import', 'export'],
  users: ['create', 'reset-second-factor', 'retention'],
};

/** What stands under "Commands:" in a help; what goes on in the next line is indented further. */
function commandsIn(help: string): string[] {
  const list = /^Commands:\n((?: .*\n)+)/m.exec(help)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name = '']) => name);
}

describe('Usage of the command line', () => {
  let tiptop: Tiptop;

  beforeAll(async () => {
    tiptop = await Tiptop.build();
  });

  afterAll(() => tiptop.remove());

  it('shows help on stdout when asked', async () => {
    const root = await tiptop.runApart(['--help']);
    expect(root).toMatchObject({ exitCode: 0, stderr: '' });
    expect(root.stdout).toMatch(/^Usage: tiptop /);
    expect(commandsIn(root.stdout).sort()).toEqual([...Object.keys(COMMANDS), 'help'].sort());
    const command = await tiptop.run(['tickets', 'import', '--help']);
    expect(command).toMatchObject({ exitCode: 0, stderr: '' });
    expect(command.stdout).toContain('Usage: tiptop tickets import [options] <file>');
  });

  it.each(Object.entries(COMMANDS))('has under %s the commands %j', async (noun, verbs) => {
    const { stdout } = await tiptop.run([noun, '--help']);
    expect(commandsIn(stdout)).toEqual(verbs);
  });

  it('shows it on stderr, and fails, when nothing was asked', async () => {
    const run = await tiptop.runApart([]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('Usage: tiptop');
  });

  it('answers 2 to wrong usage, and touches nothing', async () => {
    const command = await tiptop.run(['frobnicate']);
    expect(command).toEqual({ exitCode: 2, stdout: '', stderr: "tiptop: unknown command 'frobnicate'\n" });
    const value = await tiptop.runApart(['tickets', 'generate', '--contest', 's', '--count', '-5', '--json']);
    expect(value).toMatchObject({ exitCode: 2, stderr: '' });
    expect(json(value)).toEqual({ error: { code: 'WRONG_USAGE', message: expect.any(String) as string } });
    expect(existsSync(tiptop.path('data'))).toBe(false);
  });
});
