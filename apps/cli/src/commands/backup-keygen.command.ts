import { resolve } from 'node:path';
import { type KeyPair, KeyPairs } from '@tiptop/ops';
import { SystemClock } from '@tiptop/platform';
import { Option, SubCommand } from 'nest-commander';
import { CommandError } from '../failures/cli-error';
import { CliCommand } from './cli-command';

const ADVICE = [
  'The public key goes into BACKUP_AGE_RECIPIENTS, beside that of a second pair: one key lost must not be everything lost.',
  'The private key opens every backup made for it, and nobody can make it anew. Keep it away from the machines that are ' +
    'backed up, in two places: the password manager of whoever restores, and on paper or a medium in a safe.',
  'Production holds public keys only, but for the one that its weekly drill opens a backup with (BACKUP_DRILL_KEY_FILE).',
];

@SubCommand({
  name: 'keygen',
  description: 'Make a pair of keys for backups (age, X25519), and write the private one to a new file or to stdout',
})
export class BackupKeygen extends CliCommand {
  override async run(_: string[], { output }: { output?: string }): Promise<void> {
    const keyPairs = new KeyPairs(new SystemClock());
    const pair = await keyPairs.generate();
    if (output === undefined) this.print(pair, keyPairs.format(pair));
    else await this.write(pair, resolve(output), keyPairs);
    for (const line of ADVICE) this.output.note(line);
  }

  @Option({ flags: '--output <file>', description: 'a new file, which only its owner may read; none is overwritten' })
  parseOutput(text: string): string {
    return text;
  }

  private print({ identity, recipient }: KeyPair, text: string): void {
    this.output.result({ recipient, identity }, text.trimEnd());
    this.output.note(`public key: ${recipient}`);
  }

  private async write(pair: KeyPair, file: string, keyPairs: KeyPairs): Promise<void> {
    try {
      await keyPairs.write(file, pair);
    } catch (error) {
      throw new CommandError('KEY_NOT_WRITTEN', `${(error as Error).message}.`);
    }
    this.output.result({ recipient: pair.recipient, file }, pair.recipient);
    this.output.note(`The private key is in ${file}.`);
  }
}
