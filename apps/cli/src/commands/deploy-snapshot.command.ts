import { Deployer, type Snapshot } from '@tiptop/ops';
import { OPS_ENVIRONMENTS, type OpsEnvironment } from '@tiptop/platform';
import { Option, SubCommand } from 'nest-commander';
import { oneOf } from '../options/options';
import { EXIT } from '../output/exit-codes';
import { EnvironmentCommand } from './environment-command';

@SubCommand({ name: 'snapshot', description: 'Secure what serves now, for a deployment that is to follow' })
export class DeploySnapshot extends EnvironmentCommand {
  override async run(): Promise<void> {
    // The command above has an option of the same name, and gets whatever stands behind its own name.
    const { env } = this.command.optsWithGlobals<{ env?: OpsEnvironment }>();
    this.requireEnvironment(env);
    const deployer = await this.backend.get(Deployer, { migrates: true });
    const snapshot = await this.watched(async (signal, observer) => deployer.snapshot({ signal, observer }));
    if (!snapshot) {
      this.output.result({ tag: null }, 'Nothing serves here yet: there is nothing to take a snapshot of.');
      return;
    }
    this.output.result(snapshot, describe(snapshot), snapshot.warnings.length > 0 ? EXIT.degraded : EXIT.done);
  }

  @Option({ flags: '--env <environment>', description: OPS_ENVIRONMENTS.join(', ') })
  parseEnv(text: string): OpsEnvironment {
    return oneOf('--env', text, OPS_ENVIRONMENTS);
  }
}

function describe({ tag, release, warnings }: Snapshot): string {
  const parts = [release.backend, ...(release.frontend ? [release.frontend] : [])];
  return [
    `${tag} is taken`,
    ...parts.map(({ repository, digest }) => `  ${repository}@${digest}`),
    ...warnings.map((warning) => `  WARNING  ${warning}`),
  ].join('\n');
}
