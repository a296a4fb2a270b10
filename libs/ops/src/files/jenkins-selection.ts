/** Global settings, keys beside `secrets`, and the files without which Jenkins takes itself for newly installed. */
const TOP_FILES = [/\.xml$/, /\.ya?ml$/, /\.groovy$/, /^secret\.key/, /^identity\.key/, /^jenkins\.install\./];
/** Kept whole. `userContent` was put there by hand, and stands nowhere else. */
const WHOLE_FOLDERS = ['secrets', 'users', 'nodes', 'userContent', 'init.groovy.d', 'casc_configs'];
export const JOBS = 'jobs';
export const JENKINS_FOLDERS = [JOBS, ...WHOLE_FOLDERS];
/** Of a job, what can't be made again: the numbers so that they are not given out twice, the names of branches. */
const JOB_FILES = ['config.xml', 'nextBuildNumber', 'name-utf8.txt'];
/** In a job, folders whose folders are jobs, whatever they are called. */
const JOB_CONTAINERS = [JOBS, 'branches', 'modules', 'promotions'];
/** In a job, what builds have left. */
const LEFT_BY_BUILDS =
  /^(builds|workspaces?|indexing|computation|htmlreports|javadoc|last[A-Z]\w*)$|^workspace@|@(tmp|libs|script)$/;

/**
 * Whether a file or folder of a Jenkins home is to be saved: how it was set up, and nothing that builds have made.
 * @param path below the home, with `/`
 */
export function isOfJenkins(path: string, kind: 'file' | 'folder'): boolean {
  const [top = '', ...below] = path.split('/');
  if (below.length === 0) {
    return kind === 'file' ? TOP_FILES.some((pattern) => pattern.test(top)) : JENKINS_FOLDERS.includes(top);
  }
  return top === JOBS ? isOfJobs(below, kind) : WHOLE_FOLDERS.includes(top);
}

/** @param names below `jobs` */
function isOfJobs(names: readonly string[], kind: 'file' | 'folder'): boolean {
  const last = names.at(-1) ?? '';
  const folders = kind === 'file' ? names.slice(0, -1) : names;
  let inContainer = true;
  for (const name of folders) {
    // A job may have any name, `builds` as well.
    if (!inContainer && LEFT_BY_BUILDS.test(name)) return false;
    inContainer = !inContainer && JOB_CONTAINERS.includes(name);
  }
  return kind === 'folder' || (!inContainer && JOB_FILES.includes(last));
}
