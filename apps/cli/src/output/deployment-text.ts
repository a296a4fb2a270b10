import type { Deployment } from '@tiptop/ops';
import { EXIT, type ExitCode } from './exit-codes';

const SECOND_MS = 1000;

/** What a deployment or a rollback has come to, as a document. */
export function deploymentDocument(row: Deployment): object {
  const { id, environment, kind, tag, status, actor, version, revision, release, previous, snapshot, startedAt } = row;
  const { finishedAt, failureNoticedAt, recoveredAt, steps, warnings, reason } = row;
  const recoverySeconds =
    failureNoticedAt && recoveredAt ? (recoveredAt.getTime() - failureNoticedAt.getTime()) / SECOND_MS : null;
  return {
    ...{ id, environment, kind, tag, status, actor, version, revision, release, previous, snapshot },
    ...{ startedAt, finishedAt, recoverySeconds, reason, warnings, steps },
  };
}

/** The same for a person. */
export function deploymentText({
  kind,
  tag,
  environment,
  status,
  reason,
  release,
  snapshot,
  warnings,
}: Deployment): string {
  const parts = release ? [release.backend, ...(release.frontend ? [release.frontend] : [])] : [];
  return [
    `${kind} of ${environment} to ${tag}: ${status}${reason === null ? '' : `: ${reason}`}`,
    ...parts.map(({ repository, digest }) => `  ${repository}@${digest}`),
    ...(snapshot === null ? [] : [`  snapshot ${snapshot}: tiptop rollback --env ${environment} --to ${snapshot}`]),
    ...warnings.map((warning) => `  WARNING  ${warning}`),
  ].join('\n');
}

export function deploymentExit({ status, warnings }: Deployment): ExitCode {
  if (status !== 'succeeded') return EXIT.failed;
  return warnings.length > 0 ? EXIT.degraded : EXIT.done;
}
