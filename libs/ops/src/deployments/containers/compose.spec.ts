import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@tiptop/platform';
import { type Reply, ScriptedProcesses } from '../spec-support/scripted-processes';
import { Compose } from './compose';
import { EngineProgram } from './engine-program';

const u = { signal: new AbortController().signal, progress: () => undefined };

describe('Compose', () => {
  let folder: string;
  let place: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiptop-compose-'));
    const settings = 'COMPOSE_PROJECT_NAME=the\nCOMPOSE_FILE=docker-compose.yml:docker-compose.images.yml\n';
    await writeFile(join(folder, '.env'), settings);
    const [file, images] = ['docker-compose.yml', 'docker-compose.images.yml'].map((name) => join(folder, name));
    place = `--project-directory ${folder} --project-name the --file ${file} --file ${images}`;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function composeOf(reply: (line: string) => Reply) {
    const processes = new ScriptedProcesses(reply);
    const config = loadConfig({ NODE_ENV: 'test', DATA_DIR: folder });
    return { processes, compose: new Compose(new EngineProgram(config, processes)) };
  }

  it('is the plugin where there is one, asked for once', async () => {
    const { compose, processes } = composeOf(() => 'said');
    await compose.check(folder, u);
    await compose.pull(folder, ['api', 'ops'], u);
    expect(processes.calls).toEqual([
      'docker compose version --short',
      `docker compose ${place} config --quiet`,
      `docker compose ${place} pull --quiet api ops`,
    ]);
  });

  it('is the program before it where there is none', async () => {
    const { compose, processes } = composeOf((line) =>
      line.startsWith('docker compose ') ? { fails: "docker: 'compose' is not a docker command." } : 'done',
    );
    await expect(compose.run(folder, 'ops', ['tiptop', 'migrate', 'up'], u)).resolves.toBe('done');
    expect(processes.calls).toEqual([
      'docker compose version --short',
      'docker-compose version --short',
      `docker-compose ${place} run --rm --no-deps -T ops tiptop migrate up`,
    ]);
  });

  it('is asked for again where neither was there', async () => {
    let missing = true;
    const { compose } = composeOf(() => (missing ? { fails: '', missing } : 'said'));
    const message = 'Neither “docker compose” nor “docker-compose” is installed';
    await expect(compose.check(folder, u)).rejects.toMatchObject({ message, mayPass: false });
    missing = false;
    await expect(compose.check(folder, u)).resolves.toBeUndefined();
  });

  it.each([
    ['force', '--force-recreate '],
    ['never', '--no-recreate '],
    ['changed', ''],
  ] as const)('starts services alone, and replaces their containers: %s', async (recreate, option) => {
    const { compose, processes } = composeOf(() => '');
    await compose.up(folder, { services: ['api'], scale: { api: 2 }, recreate }, u);
    expect(processes.calls[1]).toBe(
      `docker compose ${place} up --detach --no-deps --no-build --quiet-pull ${option}--scale api=2 api`,
    );
  });
});
