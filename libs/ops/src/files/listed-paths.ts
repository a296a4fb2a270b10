import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StepFailure } from '../backups/backup-source';
import { fileFailure, fileFault, isMissing } from './file-fault';
import { readTree, type Tree } from './file-tree';
import { shownName } from './shown-name';

/** A home folder listed by mistake has more. */
const MOST_FILES = 20_000;

/** A path that an operator has listed. */
export interface ListedPath {
  /** Absolute. */
  path: string;
  required: boolean;
}

/** What there is at the listed paths. */
export interface FoundPaths {
  trees: readonly { listed: ListedPath; tree: Tree }[];
  /** Optional paths that are not there. */
  absent: readonly string[];
  /** What can't be saved of the optional ones, and links that lead out. */
  warnings: readonly string[];
}

/** Each path once; one that is in both lists is required. */
export function listPaths(required: readonly string[], optional: readonly string[]): ListedPath[] {
  const listed = new Map<string, boolean>();
  for (const path of optional) listed.set(resolve(path), false);
  for (const path of required) listed.set(resolve(path), true);
  return [...listed].map(([path, isRequired]) => ({ path, required: isRequired })).sort(byNeed);
}

/** @throws StepFailure naming every required path that is missing or can't be read */
export async function findPaths(listed: readonly ListedPath[], signal: AbortSignal): Promise<FoundPaths> {
  const within: string[] = [];
  for (const { path } of listed) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined) within.push(real);
  }
  const trees: { listed: ListedPath; tree: Tree }[] = [];
  const absent: string[] = [];
  const warnings = new Set<string>();
  const failures: StepFailure[] = [];
  const note = (one: ListedPath, path: string, error: unknown): void => {
    if (one.required) failures.push(fileFailure(shownName(path), error));
    else warnings.add(`${shownName(path)} ${fileFault(error)}`);
  };
  for (const one of listed) {
    if (dirname(one.path) === one.path) {
      failures.push(new StepFailure(`${one.path} is the whole machine: list the folders that are meant`, false));
      continue;
    }
    try {
      const tree = await readTree(one.path, { within, mostFiles: MOST_FILES, signal });
      trees.push({ listed: one, tree });
      for (const { path, error } of tree.unreadable) note(one, join(one.path, path), error);
      for (const { path, why } of tree.omitted) warnings.add(`${shownName(join(one.path, path))} ${why}`);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StepFailure) failures.push(error);
      else if (!one.required && isMissing(error)) absent.push(one.path);
      else note(one, one.path, error);
    }
  }
  if (failures.length > 0) {
    const mayPass = failures.every((failure) => failure.mayPass);
    throw new StepFailure(failures.map(({ message }) => message).join('; '), mayPass, { cause: failures[0] });
  }
  return { trees, absent, warnings: [...warnings] };
}

/** The required ones first: what is in both of two nested paths counts for them. */
function byNeed(one: ListedPath, other: ListedPath): number {
  return Number(other.required) - Number(one.required);
}
