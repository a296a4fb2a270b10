import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveFault } from '../archive/archive-fault';
import { requireSize } from '../archive/archive-integrity';
import { fileFailure } from '../archive/file-failure';
import { BACKUP_KINDS, type BackupId, type BackupKind, parseFileName } from '../backups/backup-id';
import type { Manifest } from '../backups/manifest';
import { LONGEST_MANIFEST, parseManifest } from '../backups/manifest-parser';
import { WATCH_FILE } from '../health/watch-memory';
import { isWorkFolder } from '../verification/work-folder';
import { folderOf, placesOf } from './local-places';

const REPORTS = 'reports';

/** A whole backup in the local folder. That its bytes are right is another question; see LocalBackups.verify. */
export interface LocalBackup {
  id: string;
  backup: BackupId;
  manifest: Manifest;
  archivePath: string;
  manifestPath: string;
  /** Of both files. */
  bytes: number;
}

/** A backup under way, or what is left of one. */
export interface LocalPartial {
  id: string;
  path: string;
}

/** What stands in the folder and is no backup. It is told, and left alone. */
export interface LocalFault {
  path: string;
  reason: string;
}

export interface LocalListing {
  /** Newest first. */
  backups: readonly LocalBackup[];
  partials: readonly LocalPartial[];
  faults: readonly LocalFault[];
}

/** @throws StepFailure where the folder can't be read; one that is not there holds nothing */
export async function listLocal(root: string): Promise<LocalListing> {
  const backups: LocalBackup[] = [];
  const partials: LocalPartial[] = [];
  const faults: LocalFault[] = [];
  const kinds: readonly string[] = BACKUP_KINDS;
  for (const entry of await entriesOf(root)) {
    const path = join(root, entry.name);
    const name = parseFileName(entry.name);
    if (name?.part === 'partial' && entry.isDirectory()) partials.push({ id: name.id, path });
    else if (!kinds.includes(entry.name) && !isReports(entry) && !isOfHealth(entry.name) && !isLock(entry.name))
      faults.push({ path, reason: 'is not of a name that backups have' });
  }
  for (const kind of BACKUP_KINDS) await listKind(root, kind, backups, faults);
  backups.sort((a, b) => b.backup.at.getTime() - a.backup.at.getTime() || (a.id < b.id ? -1 : 1));
  return { backups, partials, faults };
}

/** What trials work in, and what was told of the backups' health. */
function isOfHealth(name: string): boolean {
  return isWorkFolder(name) || name === WATCH_FILE;
}

/** Of whoever is at work, and of the one who takes its place. */
function isLock(name: string): boolean {
  return name.startsWith('.operation');
}

/** Reports of runs stand beside the backups. */
function isReports(entry: Dirent): boolean {
  return entry.name === REPORTS && entry.isDirectory();
}

/**
 * Reads a backup's manifest and looks for its archive.
 * @throws ManifestError, ArchiveFault, the file system's fault
 */
export async function readLocal(root: string, id: string): Promise<LocalBackup> {
  const { backup, archive, manifest: path } = placesOf(root, id);
  const text = await textOf(path);
  const manifest = parseManifest(text);
  if (manifest.id !== id) throw new ArchiveFault('manifest', `The manifest is of the backup ${manifest.id}`);
  const { size } = await stat(archive);
  requireSize(archive, size, manifest);
  return { id, backup, manifest, archivePath: archive, manifestPath: path, bytes: size + Buffer.byteLength(text) };
}

async function textOf(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > LONGEST_MANIFEST) throw new ArchiveFault('manifest', `It has ${size} bytes, which no manifest has`);
  return readFile(path, 'utf8');
}

async function listKind(root: string, kind: BackupKind, backups: LocalBackup[], faults: LocalFault[]): Promise<void> {
  const folder = folderOf(root, kind);
  const archives = new Set<string>();
  const manifests = new Set<string>();
  for (const entry of await entriesOf(folder)) {
    const name = parseFileName(entry.name);
    const ours = entry.isFile() && name?.backup.kind === kind;
    if (ours && name.part === 'archive') archives.add(name.id);
    else if (ours && name.part === 'manifest') manifests.add(name.id);
    else faults.push({ path: join(folder, entry.name), reason: 'is not of a name that backups have here' });
  }
  for (const id of archives) {
    if (!manifests.has(id)) faults.push({ path: placesOf(root, id).archive, reason: 'has no manifest beside it' });
  }
  for (const id of manifests) {
    const { manifest: path } = placesOf(root, id);
    if (!archives.has(id)) {
      faults.push({ path, reason: 'has no archive beside it' });
      continue;
    }
    try {
      backups.push(await readLocal(root, id));
    } catch (error) {
      faults.push({ path, reason: `is not sound: ${(error as Error).message}` });
    }
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileFailure(error, `The folder ${folder} could not be read`);
  }
}
