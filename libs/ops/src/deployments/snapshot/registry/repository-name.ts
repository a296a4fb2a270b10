import { StepFailure } from '../../../backups/backup-source';

/** What the name of a repository means: https://github.com/distribution/reference. */
export interface RepositoryName {
  /** `host[:port]` that is asked, and under which its login stands in config.json. */
  host: string;
  /** The repository's name there. */
  path: string;
}

/**
 * @param repository as images are named by, without tag: `registry.example:5000/team/backend`
 * @throws StepFailure where it names no registry: REGISTRY always does
 */
export function parseRepository(repository: string): RepositoryName {
  const slash = repository.indexOf('/');
  const host = slash < 0 ? '' : repository.slice(0, slash);
  if (host === 'localhost' || /[.:]/.test(host)) return { host, path: repository.slice(slash + 1) };
  throw new StepFailure(`${repository} names no registry: host, or host and port, come first`, false);
}
