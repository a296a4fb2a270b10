import { Deployer } from '@tiptop/ops';
import { OPS_ENVIRONMENTS, type OpsEnvironment } from '@tiptop/platform';
import { Command, Option } from 'nest-commander';
import { oneOf } from '../options/options';
import { EnvironmentCommand } from './environment-command';

@Command({ name: 'rollback', description: 'Put the release into service again that served before, or another one' })
export class RollbackCommand extends EnvironmentCommand {
  override async run(_: string[], { env, to }: { env?: OpsEnvironment; to?: string }): Promise<void> {
    this.requireEnvironment(env);
    const deployer = await this.backend.get(Deployer, { migrates: true });
    await this.show(async (signal, observer) => deployer.rollBack({ to, signal, observer }));
  }

  @Option({ flags: '--env <environment>', description: OPS_ENVIRONMENTS.join(', ') })
  parseEnv(text: string): OpsEnvironment {
    return oneOf('--env', text, OPS_ENVIRONMENTS);
  }

  @Option({ flags: '--to <tag>', description: 'of a snapshot (backup-20261123-020000) or of the backend’s image' })
  parseTo(text: string): string {
    return text;
  }
}
