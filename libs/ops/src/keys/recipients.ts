import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { syncToDisk } from '../artifacts/hashed-file';
import { StepFailure } from '../backups/backup-source';
import { KeyPairs } from './key-pairs';

/** So that a key lost is not everything lost. */
const AT_LEAST = 2;
const MADE = ['backup-1.key', 'backup-2.key'] as const;

/** Whom backups are encrypted to. */
export interface ChosenRecipients {
  /** `age1…` */
  recipients: readonly string[];
  /** What an operator should know of them; undefined where they were configured. */
  note: string | undefined;
}

/**
 * Whom backups are encrypted to: the public keys of BACKUP_AGE_RECIPIENTS. Outside production, where none are set, two
 * pairs are made under `dataDir`/backup-keys, so that a backup can be tried out without any setting.
 */
@Injectable()
export class Recipients {
  private readonly folder: string;

  constructor(
    private readonly config: AppConfig,
    private readonly keyPairs: KeyPairs,
  ) {
    this.folder = join(config.dataDir, 'backup-keys');
  }

  /** @throws StepFailure where production has fewer than two */
  async choose(): Promise<ChosenRecipients> {
    const configured = [...new Set(this.config.ops.ageRecipients)];
    if (this.config.isProduction && configured.length < AT_LEAST) {
      throw new StepFailure(
        'BACKUP_AGE_RECIPIENTS: two different public keys at least are required in production',
        false,
      );
    }
    if (configured.length > 0) return { recipients: configured, note: undefined };
    const files = await this.made();
    const recipients = await Promise.all(files.map((file) => this.keyPairs.recipientsOf(file)));
    return {
      recipients: recipients.flat(),
      note: `BACKUP_AGE_RECIPIENTS is not set: encrypted to keys made for development, in ${this.folder}`,
    };
  }

  /**
   * The identity with which this installation opens its own backups: BACKUP_DRILL_KEY_FILE, or the one made for
   * development. Undefined where there is none; production holds public keys only, unless it drills.
   */
  async identityFile(): Promise<string | undefined> {
    const { drillKeyFile, ageRecipients } = this.config.ops;
    if (drillKeyFile !== undefined) return drillKeyFile;
    if (this.config.isProduction || ageRecipients.length > 0) return undefined;
    const [first] = await this.made();
    return first;
  }

  /** The development keys, made where they are missing. Whoever comes second takes those of the first. */
  private async made(): Promise<string[]> {
    const files = MADE.map((name) => join(this.folder, name));
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const file of files) await this.make(file);
    return files;
  }

  private async make(file: string): Promise<void> {
    const exists = await stat(file).catch(() => undefined);
    if (exists) return;
    // Whole before it has its name: a key file cut off by a crash would be in use for ever.
    const unfinished = `${file}.${randomUUID()}.tmp`;
    try {
      await this.keyPairs.write(unfinished, await this.keyPairs.generate());
      await link(unfinished, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(unfinished, { force: true });
    }
    await syncToDisk(this.folder);
  }
}
