import { randomUUID } from 'node:crypto';
import { Deployment } from '@tiptop/ops';
import type { DataSource } from 'typeorm';

/** @param letter of which its digests are made */
export function releaseOf(letter: string): NonNullable<Deployment['release']> {
  const image = (repository: string, mark: string) => ({
    repository: `registry.example:5000/${repository}`,
    digest: `sha256:${mark.repeat(64)}`,
    id: `sha256:${letter.repeat(63)}0`,
    version: `1.0.${letter}`,
    revision: letter.repeat(40),
  });
  return { backend: image('backend', letter), frontend: image('frontend', letter) };
}

/** A deployment as it is written down when it has succeeded, but for what is changed. */
export function deploymentRow(startedAt: Date, changes: Partial<Deployment> = {}): Deployment {
  const release = releaseOf('b');
  return Object.assign(new Deployment(), {
    ...{
      id: randomUUID(),
      environment: 'dev',
      kind: 'deployment',
      status: 'succeeded',
      actor: 'camille',
      owner: 'host 1',
    },
    ...{ tag: 'dev-latest', version: release.backend.version, revision: release.backend.revision, release },
    ...{ previous: releaseOf('a'), snapshot: null, startedAt, finishedAt: new Date(startedAt.getTime() + 60_000) },
    ...{ step: null, steps: [], warnings: [], reason: null, failureNoticedAt: null, recoveredAt: null },
    ...changes,
  } satisfies Deployment);
}

export async function addDeployment(
  database: DataSource,
  startedAt: Date,
  changes: Partial<Deployment> = {},
): Promise<Deployment> {
  const row = deploymentRow(startedAt, changes);
  await database.getRepository(Deployment).insert(row);
  return row;
}
