import { randomBytes } from 'node:crypto';

const PATTERN = /^postgres\.initdb-(\d+)-[0-9a-f]{8}$/;

/** Name of the folder that a process initialises a cluster in; new at each call. */
export function workspaceName(pid: number): string {
  return `postgres.initdb-${pid}-${randomBytes(4).toString('hex')}`;
}

/** The id of the process that made the folder; undefined for any other name. */
export function parseWorkspaceName(name: string): number | undefined {
  const pid = PATTERN.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
