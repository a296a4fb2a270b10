import { BackupInventory, bytesInWords, type Inventory, type KnownBackup } from '@tiptop/ops';
import { SubCommand } from 'nest-commander';

import { EXIT } from '../output/exit-codes';
import { CliCommand } from './cli-command';

@SubCommand({
  name: 'list',
  description: 'List the backups in the local folder and in each store, and what is verified of each',
})
export class BackupList extends CliCommand {
  override async run(): Promise<void> {
    const inventory = await this.backend.get(BackupInventory);
    const found = await this.backend.interruptibly((signal) => inventory.take(signal));
    this.output.result(found, describe(found), found.problems.length === 0 ? EXIT.done : EXIT.degraded);
  }
}

function describe({ backups, problems }: Inventory): string {
  const list = backups.length === 0 ? ['There is no backup.'] : backups.map(line);
  return [...list, ...problems.map(({ place, reason }) => `PROBLEM in ${place}: ${reason}`)].join('\n');
}

function line({ id, bytes, quarantined, places, trials }: KnownBackup): string {
  const where = places.map(({ place, verified }) => `${place} ${verified ? 'verified' : 'NOT VERIFIED'}`);
  // Of each level the newest word counts.
  const levels = (['restore', 'drill'] as const).flatMap(
    (level) => trials.find((trial) => trial.level === level) ?? [],
  );
  const tried = levels.map(({ level, passed, at }) => `${level} ${passed ? 'passed' : 'FAILED'} ${at.slice(0, 10)}`);
  const notes = [...tried, ...(quarantined === null ? [] : [`quarantined: ${quarantined}`])];
  const size = (bytes === null ? '?' : bytesInWords(bytes)).padStart(9);
  return [id.padEnd(29), size, where.join(', '), ...notes].join('  ');
}
