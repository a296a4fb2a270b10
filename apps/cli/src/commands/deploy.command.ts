import { Deployer } from '@tiptop/ops';
import { OPS_ENVIRONMENTS, type OpsEnvironment } from '@tiptop/platform';
import { Command, Option } from 'nest-commander';
import { UsageError } from '../failures/cli-error';
import { oneOf } from '../options/options';
import { DeployPrepare } from './deploy-prepare.command';
import { DeploySnapshot } from './deploy-snapshot.command';
import { EnvironmentCommand } from './environment-command';

interface DeployOptions {
  env?: OpsEnvironment;
  tag?: string;
  snapshot?: string;
}

@Command({
  name: 'deploy',
  description: 'Deploy an image to this environment: snapshot, migrate, switch, verify',
  subCommands: [DeployPrepare, DeploySnapshot],
})
export class DeployCommand extends EnvironmentCommand {
  override async run(_: string[], { env, tag, snapshot }: DeployOptions): Promise<void> {
    this.requireEnvironment(env);
    // Not commander's to require: it would of the subcommands as well.
    if (tag === undefined) throw new UsageError('--tag is missing: which image to deploy.');
    const deployer = await this.backend.get(Deployer, { migrates: true });
    await this.show(async (signal, observer) => deployer.deploy({ tag, snapshot, signal, observer }));
  }

  @Option({ flags: '--env <environment>', description: OPS_ENVIRONMENTS.join(', ') })
  parseEnv(text: string): OpsEnvironment {
    return oneOf('--env', text, OPS_ENVIRONMENTS);
  }

  @Option({ flags: '--tag <tag>', description: 'of the backend’s image: prod-latest, 1.2.3' })
  parseTag(text: string): string {
    return text;
  }

  @Option({ flags: '--snapshot <tag>', description: 'taken ahead by "deploy snapshot", in place of one of its own' })
  parseSnapshot(text: string): string {
    return text;
  }
}
