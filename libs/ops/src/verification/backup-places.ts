import { Inject, Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { StepFailure } from '../backups/backup-source';
import { LocalBackups } from '../local/local-backups';
import type { BackupStore } from '../stores/backup-store';
import { BACKUP_STORES } from '../stores/backup-stores.token';
import type { BackupPlace } from './backup-place';
import { LocalPlace } from './local-place';
import { StorePlace } from './store-place';

/** Where this installation keeps backups. */
@Injectable()
export class BackupPlaces {
  readonly local: BackupPlace;
  readonly stores: readonly BackupPlace[];

  constructor({ ops }: AppConfig, local: LocalBackups, @Inject(BACKUP_STORES) stores: readonly BackupStore[]) {
    this.local = new LocalPlace(local);
    this.stores = stores.map((store) => new StorePlace(store, ops));
  }

  /** @throws StepFailure where no place of this name is switched on */
  named(name: string): BackupPlace {
    const places = [this.local, ...this.stores];
    const place = places.find((candidate) => candidate.name === name);
    if (place) return place;
    const names = places.map((candidate) => candidate.name).join(', ');
    throw new StepFailure(`There is no place ${JSON.stringify(name)} for backups here, only ${names}`, false);
  }
}
