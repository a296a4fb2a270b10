import { Client } from 'pg';
import { schema } from '../../migrations/data-source';
import { type TwoRoles, twoRoles } from '../support/two-roles';
import { operatorEntries } from './operator-entries';
import { json, refusal, Tiptop } from './tiptop';

describe('tiptop, where the service has a role of its own', () => {
  let roles: TwoRoles;
  let program: Tiptop;
  let asOwner: Tiptop;
  let asService: Tiptop;
  let client: Client;

  beforeAll(async () => {
    program = await Tiptop.build();
    roles = await twoRoles();
    const DATABASE_SERVICE_ROLE = roles.service;
    asOwner = program.with({ DATABASE_URL: roles.ownerUrl, DATABASE_SERVICE_ROLE });
    asService = program.with({ DATABASE_URL: roles.serviceUrl, DATABASE_SERVICE_ROLE });
    client = new Client({ connectionString: roles.superuserUrl });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await roles.drop();
    await program.remove();
  });

  it('grants the role what it needs as it migrates, and tells so', async () => {
    const applied = schema.migrations.map((migration) => new migration().constructor.name);
    const first = await asOwner.run(['migrate', 'up', '--json']);
    expect(first.exitCode).toBe(0);
    expect(json(first)).toEqual({ applied, grantedTo: roles.service });
    const again = await asOwner.run(['migrate', 'up']);
    const stdout = `Nothing is pending.\nGranted ${roles.service} what the service needs\n`;
    expect(again).toEqual({ exitCode: 0, stdout, stderr: '' });
    expect(await operatorEntries(client)).toEqual([
      ['schema-migrated', { applied }],
      ['rights-granted', { role: roles.service }],
      ['rights-granted', { role: roles.service }],
    ]);
  });

  const person = ['--role', 'admin', '--first-name', 'Alix', '--last-name', 'Bernard', '--password-stdin'];

  it.each([
    ['contests create --slug own --tickets 50 --starts-at 2090-01-01'],
    ['tickets generate --contest own --count 10'],
    ['tickets export --contest own'],
    ['contests verify --contest own'],
    ['contests create --slug from-elsewhere --unchecked-codes --starts-at 2090-01-01'],
    ['tickets import --contest from-elsewhere -', '0000000001\n0000000002\n'],
    [`users create --email alix@example.fr ${person.join(' ')}`, 'trois-tasses-de-sencha'],
    ['users retention --apply'],
    ['stats verify --repair'],
    ['audit verify'],
    ['migrate status'],
  ])('works as that role: %s', async (line, input = '') => {
    expect(await asService.run(line.split(' '), { input })).toMatchObject({ exitCode: 0 });
  });

  it('migrates nothing as that role', async () => {
    const run = await asService.run(['migrate', 'up', '--json']);
    expect(run.exitCode).toBe(1);
    expect(refusal(run)).toMatchObject({
      code: 'SERVICE_ROLE_UNFIT',
      message: `DATABASE_SERVICE_ROLE: ${roles.service} is the role that migrates; the service needs another one.`,
    });
  });

  it('tells what was reverted', async () => {
    const { reverted } = json(await asOwner.run(['migrate', 'down', '--json']));
    expect((await operatorEntries(client)).at(-1)).toEqual(['schema-reverted', { reverted }]);
  });
});
