import type { Compose } from '../containers/compose';
import type { ContainerEngine } from '../containers/container-engine';
import type { Release } from '../release';
import type { ContainerStart } from './container-start';
import type { NginxFront } from './nginx-front';
import type { Patience } from './patience';
import type { ReleaseFiles } from './release-files';
import type { Settlement } from './settlement';

/** What both ways of switching work with. */
export interface RollOutParts {
  engine: ContainerEngine;
  compose: Compose;
  files: ReleaseFiles;
  front: NginxFront;
  start: ContainerStart;
  settlement: Settlement;
  patience: Patience;
}

export interface SwitchPlan {
  parts: RollOutParts;
  release: Release;
  /** What answers before; undefined where nothing does. */
  previous: Release | undefined;
  warnings: readonly string[];
}
