import { type AuditFault, type AuditVerification, AuditVerifier } from '@tiptop/platform';
import { Command, Option, SubCommand } from 'nest-commander';
import { UsageError } from '../failures/cli-error';
import { EXIT } from '../output/exit-codes';
import { CliCommand, CommandGroup } from './cli-command';

@SubCommand({
  name: 'verify',
  description: 'Prove that no entry of the audit log was altered, removed or inserted; prints the head of its chain',
})
export class AuditVerify extends CliCommand {
  override async run(_: string[], { expectHead }: { expectHead?: string }): Promise<void> {
    const found = await (await this.backend.get(AuditVerifier)).verify(expectHead);
    this.output.result(found, describe(found), found.intact ? EXIT.done : EXIT.failed);
  }

  @Option({
    flags: '--expect-head <hash>',
    description: 'a head printed earlier and kept elsewhere; proves that nothing was cut off since',
  })
  parseExpectHead(text: string): string {
    if (!/^[0-9a-f]{64}$/i.test(text)) throw new UsageError('--expect-head: 64 hexadecimal digits are expected.');
    return text;
  }
}

@Command({ name: 'audit', description: 'The audit log', subCommands: [AuditVerify] })
export class AuditCommand extends CommandGroup {}

function describe({ intact, entries, head, faultCount, faults }: AuditVerification): string {
  const untold = faultCount - faults.length;
  return [
    `The audit log ${intact ? 'is intact' : 'IS NOT INTACT'}: ${entries} entries, ${faultCount} faults`,
    `  head  ${head.hash} (${head.position})`,
    ...faults.map(describeFault),
    ...(untold > 0 ? [`  and ${untold} more`] : []),
  ].join('\n');
}

function describeFault({ kind, position, entryId }: AuditFault): string {
  const place = position === null ? '' : ` at position ${position.toString()}`;
  const entry = entryId === null ? '' : `, entry ${entryId}`;
  return `  ${kind}${place}${entry}`;
}
