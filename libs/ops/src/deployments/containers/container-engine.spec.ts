import { loadConfig } from '@tiptop/platform';
import { type Reply, ScriptedProcesses } from '../spec-support/scripted-processes';
import { ContainerEngine } from './container-engine';
import { EngineProgram } from './engine-program';

const config = loadConfig({
  NODE_ENV: 'test',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
  JWT_SECRET: 'a-secret-of-the-tests-and-of-nothing-else',
  DECK_SECRET: 'another-secret-of-the-tests-and-nothing-else',
  ACCOUNT_SECRET: 'one-more-secret-of-the-tests-and-nothing-else',
  DOCKER_HOST: 'unix:///run/docker-of-the-test.sock',
  DOCKER_CONFIG: '/tmp/logins',
  BACKUP_STALL_SECONDS: '100',
});
const u = { signal: new AbortController().signal, progress: () => undefined };
const DIGEST = `sha256:${'d'.repeat(64)}`;

function engineOf(reply: (line: string, nth: number) => Reply) {
  const processes = new ScriptedProcesses(reply);
  return { processes, engine: new ContainerEngine(new EngineProgram(config, processes)) };
}

function inspected(...ids: string[]): string {
  return JSON.stringify(
    ids.map((id, n) => ({
      Id: id,
      Name: `/the_api_${id}`,
      Image: DIGEST,
      Created: new Date(1_000_000 - n * 1000).toISOString(),
      Config: { Image: 'backend' },
      State: { Running: true },
    })),
  );
}

describe('The container engine', () => {
  it('is told where it is and where the logins are, and nothing else of ours', async () => {
    const { engine, processes } = engineOf(() => `Status: Downloaded\nDigest: ${DIGEST}\n`);
    await expect(engine.pull('registry.example/backend:dev-latest', u)).resolves.toBe(DIGEST);
    expect(processes.calls).toEqual(['docker pull registry.example/backend:dev-latest']);
    expect(processes.options[0]).toMatchObject({
      env: { DOCKER_HOST: 'unix:///run/docker-of-the-test.sock', DOCKER_CONFIG: '/tmp/logins' },
      signal: u.signal,
      limits: { stallMs: 100_000 },
    });
  });

  it('tells the digest of what it has pushed, and is not believed without', async () => {
    const { engine } = engineOf((line) => (line.endsWith(':good') ? `good: digest: ${DIGEST} size: 528` : 'pushed'));
    await expect(engine.push('registry.example/backend:good', u)).resolves.toBe(DIGEST);
    await expect(engine.push('registry.example/backend:bad', u)).rejects.toThrow(/digest of .*:bad .* no sense/);
  });

  it('has no image where it says so, and fails otherwise', async () => {
    const { engine } = engineOf((line) => ({
      fails: line.endsWith('none') ? 'Error: No such image: none' : 'Cannot connect to the Docker daemon at x.',
    }));
    await expect(engine.image('none', u)).resolves.toBeUndefined();
    await expect(engine.image('some', u)).rejects.toMatchObject({ mayPass: true });
    await expect(engine.untag('none', u)).resolves.toBeUndefined();
    await expect(engine.untag('some', u)).rejects.toMatchObject({ mayPass: true });
  });

  it('tells of the containers of a service, the oldest first, and never of those of single commands', async () => {
    const { engine, processes } = engineOf((line) => (line.includes(' ps ') ? 'b\na\n' : inspected('b', 'a')));
    const found = await engine.containers({ project: 'the', service: 'api' }, u);
    expect(found.map(({ name }) => name)).toEqual(['the_api_a', 'the_api_b']);
    expect(processes.calls[0]).toBe(
      'docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project=the ' +
        '--filter label=com.docker.compose.service=api --filter label=com.docker.compose.oneoff=False',
    );
    await engine.commands({ project: 'the', service: 'ops' }, u);
    expect(processes.calls[2]).toMatch(/service=ops .*oneoff=True$/);
  });

  it('is asked again where a container goes between two questions', async () => {
    const { engine } = engineOf((line, nth) => {
      if (line.includes(' ps ')) return nth === 1 ? 'a\nb' : 'a';
      return line.endsWith(' b') ? { fails: 'Error: No such container: b' } : inspected('a');
    });
    const of = { project: 'the', service: 'api' };
    await expect(engine.containers(of, u)).resolves.toMatchObject([{ name: 'the_api_a' }]);
    const never = engineOf((line) => (line.includes(' ps ') ? 'a' : { fails: 'Error: No such container: a' }));
    await expect(never.engine.containers(of, u)).rejects.toThrow(/No such container/);
    const none = engineOf(() => '');
    await expect(none.engine.containers(of, u)).resolves.toEqual([]);
  });

  it('does what is done already, and fails to do what it can not', async () => {
    const gone = engineOf(() => ({ fails: 'Error response from daemon: No such container: a' }));
    await expect(gone.engine.stop('a', 45, u)).resolves.toBeUndefined();
    await expect(gone.engine.remove('a', u)).resolves.toBeUndefined();
    await expect(gone.engine.container('a', u)).resolves.toBeUndefined();
    await expect(gone.engine.start('a', u)).rejects.toThrow(/No such container/);
    const broken = engineOf(() => ({ fails: 'Error response from daemon: driver failed' }));
    await expect(broken.engine.stop('a', 45, u)).rejects.toThrow(/driver failed/);
    await expect(broken.engine.remove('a', u)).rejects.toThrow(/driver failed/);
  });

  it('may be silent for the grace of a container that it stops', async () => {
    const { engine, processes } = engineOf(() => '');
    await engine.stop('a', 45, u);
    expect(processes.calls).toEqual(['docker stop -t 45 a']);
    expect(processes.options[0]!.limits.stallMs).toBe(145_000);
  });

  it('reads the log of a container on both its sides', async () => {
    const { engine, processes } = engineOf(() => 'one\ntwo\n');
    await expect(engine.logs('a', 12, u)).resolves.toBe('one; two; said aside');
    expect(processes.calls).toEqual(['docker logs --tail 12 a']);
  });

  it('tells what runs in a container', async () => {
    const { engine } = engineOf(
      () => '  PID COMMAND\n   12 nginx: master process nginx\n  345 nginx: worker process\n',
    );
    await expect(engine.processes('a', u)).resolves.toEqual([
      { pid: 12, title: 'nginx: master process nginx' },
      { pid: 345, title: 'nginx: worker process' },
    ]);
  });

  it('tells its memory, and is not believed to have none', async () => {
    await expect(engineOf(() => '24684084000\n').engine.memory(u)).resolves.toBe(24_684_084_000);
    await expect(engineOf(() => '0\n').engine.memory(u)).rejects.toThrow(/no sense/);
  });
});
