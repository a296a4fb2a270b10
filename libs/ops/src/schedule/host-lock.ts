import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileFailure } from '../archive/file-failure';
import { createLock, type FoundLock, type LockClaim, readLock, stateOf, writeLock } from './lock-file';
import type { Operation } from './operation-lease.entity';
import { LeaseLost, OperationUnderWay, SOMEBODY } from './operation.errors';
import { ownIdentity } from './process-identity';

/** In the folder of backups. */
const LOCK_FILE = '.operation.lock';
/** Others come and go while it is looked at; more often than this is no chance. */
const MOST_TRIES = 20;

/**
 * The lock of one host: a file in the folder of backups, for when PostgreSQL can't keep others out. A holder that has ended
 * is known by its process, at once; one of another container, or of another machine on the same folder, by its silence.
 */
export class HostLock {
  private file: FileHandle | undefined;
  private ended: string | undefined;
  private readonly path: string;

  private constructor(
    private readonly folder: string,
    private readonly claim: LockClaim,
    private readonly staleMs: number,
  ) {
    this.path = join(folder, LOCK_FILE);
  }

  /**
   * @param staleMs without a heartbeat for so long a holder is taken for dead
   * @throws OperationUnderWay, StepFailure where the file can't be written
   */
  static async take(folder: string, operation: Operation, owner: string, staleMs: number): Promise<HostLock> {
    const token = randomBytes(12).toString('hex');
    const since = new Date().toISOString();
    const lock = new HostLock(folder, { token, owner, operation, since, process: await ownIdentity() }, staleMs);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await lock.claimPlace(lock.path);
      // Whoever was stopped for long in the middle of this may have been taken for dead itself.
      if (!(await lock.isOurs())) throw new OperationUnderWay(SOMEBODY);
      return lock;
    } catch (error) {
      await lock.file?.close();
      if (error instanceof OperationUnderWay) throw error;
      throw fileFailure(error, `The lock file ${lock.path} could not be written`);
    }
  }

  /** Whose place was taken, and whose process has ended for certain. */
  get endedOwner(): string | undefined {
    return this.ended;
  }

  /** @throws LeaseLost where another one has it; what the file system answers, where it could not be told */
  async beat(): Promise<void> {
    if (!(await this.isOurs())) throw new LeaseLost(`the lock file ${this.path} is gone or another one's`);
    if (this.file) await writeLock(this.file, this.claim);
  }

  /** Once is enough. */
  async release(): Promise<void> {
    try {
      if (await this.isOurs()) await rm(this.path, { force: true });
    } finally {
      await this.file?.close();
      this.file = undefined;
    }
  }

  /**
   * Makes the file, or takes the place of a dead holder's. Of many who find the same one dead, one may: it is the one that
   * makes a file in the dead one's name, and that file is then put in its place. It may die as well: its own place is taken
   * in the same way.
   */
  private async claimPlace(path: string): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      this.file = await createLock(path);
      if (this.file) {
        await writeLock(this.file, this.claim);
        return;
      }
      const found = await readLock(path);
      if (!found) continue;
      await this.requireDead(found);
      const heir = join(this.folder, `.operation.${found.key}.heir`);
      await this.claimPlace(heir);
      if (await this.inherit(path, heir, found)) return;
    }
    throw new OperationUnderWay(SOMEBODY);
  }

  /** Nobody but the holder of the heir's file changes what stands at the path. @returns whether it is still the dead one's */
  private async inherit(path: string, heir: string, dead: FoundLock): Promise<boolean> {
    try {
      const still = await readLock(path);
      if (still?.key === dead.key) {
        const state = await this.requireDead(still);
        await rename(heir, path);
        if (state === 'ended' && path === this.path) this.ended = still.claim?.owner;
        return true;
      }
    } catch (error) {
      await rm(heir, { force: true });
      throw error;
    }
    await this.file?.close();
    this.file = undefined;
    await rm(heir, { force: true });
    return false;
  }

  private async requireDead(found: FoundLock): Promise<'ended' | 'stale'> {
    const state = await stateOf(found, this.claim.process, this.staleMs);
    if (state !== 'alive') return state;
    const { claim } = found;
    throw new OperationUnderWay(
      claim ? { operation: claim.operation, owner: claim.owner, since: new Date(claim.since) } : SOMEBODY,
    );
  }

  private async isOurs(): Promise<boolean> {
    if (!this.file) return false;
    const own = await this.file.stat();
    try {
      const there = await stat(this.path);
      return there.ino === own.ino && there.dev === own.dev;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }
}
