import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StepFailure } from '../../backups/backup-source';
import { fileFailure } from '../../files/file-fault';

/** What `tiptop deploy` writes: which images the services run. */
export const IMAGES_FILE = 'docker-compose.images.yml';

/** A folder with compose files, as its `.env` tells of them. */
export interface ComposeProject {
  /** Absolute. */
  folder: string;
  name: string;
  /** Names in the folder, in the order in which they are laid over each other; the last is {@link IMAGES_FILE}. */
  files: readonly string[];
}

const PROJECT_NAME = /^[a-z0-9][a-z0-9_-]*$/;
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * What compose takes from the folder's `.env` when it is run there by hand; so that both always mean the same containers.
 * @throws StepFailure for a folder that compose would understand otherwise
 */
export async function composeProject(folder: string): Promise<ComposeProject> {
  const path = join(folder, '.env');
  try {
    return parseProject(folder, await readFile(path, 'utf8'));
  } catch (error) {
    throw fileFailure(path, error);
  }
}

/**
 * @param text of the folder's `.env`
 * @throws StepFailure
 */
export function parseProject(folder: string, text: string): ComposeProject {
  const path = join(folder, '.env');
  const name = settingIn(text, 'COMPOSE_PROJECT_NAME') ?? '';
  if (!PROJECT_NAME.test(name)) throw new StepFailure(`${path} must name a COMPOSE_PROJECT_NAME`, false);
  const files = (settingIn(text, 'COMPOSE_FILE') ?? '').split(':');
  if (files.length < 2 || files.at(-1) !== IMAGES_FILE || !files.every((file) => FILE_NAME.test(file))) {
    const wanted = `the names of files beside it, separated by colons, the last of them ${IMAGES_FILE}`;
    throw new StepFailure(`${path} must have as COMPOSE_FILE ${wanted}`, false);
  }
  return { folder, name, files };
}

/** The value of a setting in a file of lines `NAME=value`; the last one counts. */
export function settingIn(text: string, name: string): string | undefined {
  return settingsIn(text).findLast(([key]) => key === name)?.[1];
}

/** All of them, without the quotes that may stand around values. */
export function settingsIn(text: string): [name: string, value: string][] {
  return text.split('\n').flatMap((line): [string, string][] => {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const [, , quoted] = /^(["'])(.*)\1$/.exec(value) ?? [];
    return [[name, quoted ?? value.replace(/\s+#.*$/, '')]];
  });
}
