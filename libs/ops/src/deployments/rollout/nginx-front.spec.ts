import type { Compose } from '../containers/compose';
import type { ContainerEngine, ContainerProcess } from '../containers/container-engine';
import { sampleRelease } from '../spec-support/sample-release';
import { NginxFront } from './nginx-front';
import type { ReleaseFiles } from './release-files';
import { BY_SERVICE } from './upstreams-file';

const patience = { healthy: 1, running: 1, grace: 0.7, turn: 0.7, repair: 1 };
const routes = { release: sampleRelease(), hosts: BY_SERVICE };
const u = { signal: new AbortController().signal, progress: () => undefined };
const master = { pid: 1, title: 'nginx: master process nginx -g daemon off;' };
const worker = (pid: number): ContainerProcess => ({ pid, title: 'nginx: worker process' });
const leaving = (pid: number): ContainerProcess => ({ pid, title: 'nginx: worker process is shutting down' });

function frontOf(running: boolean, ...looks: ContainerProcess[][]) {
  const left = [...looks];
  const done: string[] = [];
  const engine = {
    containers: async () =>
      Promise.resolve([{ id: 'dead', running: false }, ...(running ? [{ id: 'n', running }] : [])]),
    exec: async (id: string, args: string[]) => Promise.resolve(done.push([id, ...args].join(' '))),
    processes: async () => Promise.resolve([master, ...((left.length > 1 ? left.shift() : left[0]) ?? [])]),
  } as unknown as ContainerEngine;
  const compose = {
    up: async (_folder: string, options: object) => Promise.resolve(done.push(JSON.stringify(options))),
  } as unknown as Compose;
  const files = {
    folder: '/srv/prod',
    project: async () => Promise.resolve({ name: 'the' }),
    withRoutes: async (_routes: object, work: () => Promise<unknown>) => work(),
  } as unknown as ReleaseFiles;
  return { front: new NginxFront(engine, compose, files, patience), done };
}

describe('nginx', () => {
  it('has turned once new workers are there and the old ones take nothing new', async () => {
    const old = [worker(7), worker(8)];
    const { front, done } = frontOf(true, old, old, [worker(9), worker(7)], [worker(9), leaving(7), leaving(8)]);
    await expect(front.route(routes, u)).resolves.toEqual({ container: 'n', pids: [7, 8] });
    expect(done).toEqual(['n nginx -t -q', 'n nginx -s reload']);
  });

  it.each([
    ['none is new', [worker(7)]],
    ['an old one goes on', [worker(9), worker(7)]],
    ['all are gone', []],
  ])('has not turned where %s', async (_why, after) => {
    const { front } = frontOf(true, [worker(7)], after);
    await expect(front.route(routes, u)).rejects.toThrow(/has not taken up its routes after 0.7 s/);
  });

  it('is started where it does not run', async () => {
    const { front, done } = frontOf(false);
    await expect(front.route(routes, u)).resolves.toBeUndefined();
    expect(done).toEqual([JSON.stringify({ services: ['nginx'], recreate: 'never' })]);
    await expect(front.left(undefined, u)).resolves.toBeUndefined();
  });

  it('lets its old workers finish, and not for ever', async () => {
    const { front } = frontOf(true, [worker(9), leaving(7)], [worker(9)]);
    const before = performance.now();
    await front.left({ container: 'n', pids: [7] }, u);
    expect(performance.now() - before).toBeLessThan(600);
    const hanging = frontOf(true, [worker(9), leaving(7)]);
    const began = performance.now();
    await hanging.front.left({ container: 'n', pids: [7] }, u);
    expect(performance.now() - began).toBeGreaterThan(650);
  });
});
