import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config';
import type { MailOrder } from './mail-kinds';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KIND = /^[a-z]+(-[a-z]+)*$/;

/** What names a letter's file. */
export type MailFileKey = Pick<MailOrder, 'id' | 'kind' | 'userId' | 'createdAt'>;

/**
 * Letters as .eml files in `dataDir`/mail, where there is no SMTP server: a folder per person, so that all that was
 * written to somebody can be found. Nobody but the service's own account may read them.
 */
@Injectable()
export class MailFiles {
  private readonly root: string;

  constructor({ dataDir }: AppConfig) {
    this.root = join(dataDir, 'mail');
  }

  /** Writes a letter, whole or not at all; a second time in the place of the first. @returns its file */
  async write(key: MailFileKey, content: Buffer): Promise<string> {
    const file = this.fileOf(key);
    const unfinished = `${file}.${randomUUID()}.tmp`;
    await mkdir(this.folderOf(key.userId), { recursive: true, mode: 0o700 });
    try {
      await writeFile(unfinished, content, { mode: 0o600, flag: 'wx' });
      await rename(unfinished, file);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    return file;
  }

  /** Takes a letter back. */
  async remove(key: MailFileKey): Promise<void> {
    await rm(this.fileOf(key), { force: true });
  }

  /**
   * Removes every letter to somebody. Called once the person's erasure is committed: a letter that is being written at
   * that moment looks again afterwards whether the person is still there, and takes itself back.
   */
  async forget(userId: string): Promise<void> {
    await rm(this.folderOf(userId), { recursive: true, force: true, maxRetries: 3 });
  }

  private folderOf(userId: string): string {
    if (!UUID.test(userId)) throw new Error('A folder of letters is named by a user’s id');
    return join(this.root, userId);
  }

  private fileOf({ id, kind, userId, createdAt }: MailFileKey): string {
    if (!UUID.test(id) || !KIND.test(kind)) throw new Error('A letter’s file is named by its kind and id');
    const at = createdAt.toISOString().replace(/[-:]|\.\d+/g, '');
    return join(this.folderOf(userId), `${at}-${kind}-${id}.eml`);
  }
}
