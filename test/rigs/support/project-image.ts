import type { DockerEngineRig } from './docker-engine';

const BUILD_MS = 900_000;
/** Of 2026-11-01, as a commit's would be. */
const EPOCH = '1793491200';

export interface ImageBuild {
  tag: string;
  version?: string;
  revision?: string;
  /** With BuildKit rather than with the builder before it. */
  buildKit?: boolean;
  noCache?: boolean;
  /** Further build arguments, as the pipeline gives those of the web client. */
  args?: Readonly<Record<string, string>>;
}

/** Builds this project's image from its Dockerfile, as the pipeline does. @returns its id */
export async function buildProjectImage(engine: DockerEngineRig, base: string, build: ImageBuild): Promise<string> {
  const {
    tag,
    version = '1.2.3',
    revision = 'c0ffee'.padEnd(40, '0'),
    buildKit = false,
    noCache = false,
    args = {},
  } = build;
  const values = {
    BASE_IMAGE: base,
    VERSION: version,
    REVISION: revision,
    CREATED: '2026-11-01T00:00:00Z',
    SOURCE_DATE_EPOCH: EPOCH,
    ...args,
  };
  await engine.slowly(
    BUILD_MS,
    [
      ...['build', '--quiet', '--network', 'host', '--file', 'apps/api/Dockerfile', '--tag', tag],
      ...(noCache ? ['--no-cache'] : []),
      ...Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      '.',
    ],
    { DOCKER_BUILDKIT: buildKit ? '1' : '0' },
  );
  return engine.imageId(tag);
}
