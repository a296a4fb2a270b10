import { Module, type Provider } from '@nestjs/common';
import { OpsModule } from '../ops.module';
import { Compose } from './containers/compose';
import { ContainerEngine } from './containers/container-engine';
import { EngineProgram } from './containers/engine-program';
import { EngineRoom } from './containers/engine-room';
import { Deployer } from './deployer';
import { DeploymentCourse } from './deployment-course';
import { HealthCheck } from './health-check';
import { ReleaseResolver } from './release-resolver';
import { ReleaseFiles } from './rollout/release-files';
import { RollOut } from './rollout/roll-out';
import { SmokeJourney } from './smoke/smoke-journey';
import { SmokeTrial } from './smoke/smoke-trial';
import { ImageKeeper } from './snapshot/image-keeper';
import { PreDeployBackup } from './snapshot/pre-deploy-backup';
import { RegistryClient } from './snapshot/registry/registry-client';
import { RegistryTrust } from './snapshot/registry/registry-trust';
import { SnapshotFiles } from './snapshot/snapshot-files';
import { SnapshotPruner } from './snapshot/snapshot-pruner';
import { Snapshots } from './snapshot/snapshots';
import { TagRemoval } from './snapshot/tag-removal';

const PROVIDERS: Provider[] = [
  // The engine, by its programs.
  EngineProgram,
  ContainerEngine,
  Compose,
  EngineRoom,
  // What can be gone back to.
  RegistryTrust,
  RegistryClient,
  TagRemoval,
  ImageKeeper,
  PreDeployBackup,
  SnapshotFiles,
  SnapshotPruner,
  Snapshots,
  // From a tag to a release that answers.
  ReleaseResolver,
  ReleaseFiles,
  RollOut,
  HealthCheck,
  SmokeJourney,
  SmokeTrial,
  DeploymentCourse,
  Deployer,
];

/**
 * Deployments and rollbacks: for the command line on the environment's host, and for nothing that faces the internet. Whoever
 * imports it provides the SmokeStage.
 */
@Module({ imports: [OpsModule], providers: PROVIDERS, exports: PROVIDERS })
export class DeploymentsModule {}
