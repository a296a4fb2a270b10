import { isOfJenkins } from './jenkins-selection';

describe('Of a Jenkins home', () => {
  it.each([
    'config.xml',
    'credentials.xml',
    'hudson.plugins.git.GitSCM.xml',
    'org.jenkinsci.plugins.workflow.libs.GlobalLibraries.xml',
    'secret.key',
    'secret.key.not-so-secret',
    'identity.key.enc',
    'jenkins.install.UpgradeWizard.state',
    'jenkins.yaml',
    'init.groovy',
    'init.groovy.d/proxy.groovy',
    'casc_configs/a/b.yaml',
    'secrets/master.key',
    'secrets/hudson.util.Secret',
    'secrets/filepath-filters.d/30-default.conf',
    'users/users.xml',
    'users/admin_123/config.xml',
    'nodes/agent-1/config.xml',
    'userContent/readme.txt',
    'jobs/app/config.xml',
    'jobs/app/nextBuildNumber',
    'jobs/team/jobs/app/config.xml',
    'jobs/team/jobs/deeper/jobs/app/config.xml',
    'jobs/app/branches/feature-x.abc/config.xml',
    'jobs/app/branches/feature-x.abc/name-utf8.txt',
    'jobs/app/promotions/live/config.xml',
    'jobs/matrix/configurations/axis-os/linux/config.xml',
    // Jobs and branches that are called like what builds leave.
    'jobs/builds/config.xml',
    'jobs/workspace/jobs/workspace/config.xml',
    'jobs/jobs/config.xml',
    'jobs/jobs/jobs/jobs/config.xml',
    'jobs/app/branches/builds/config.xml',
  ])('%s is saved', (path) => {
    expect(isOfJenkins(path, 'file')).toBe(true);
    const folders = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth++) {
      expect(isOfJenkins(folders.slice(0, depth).join('/'), 'folder')).toBe(true);
    }
  });

  it.each([
    'jobs/app/builds',
    'jobs/app/workspace',
    'jobs/app/workspace@2',
    'jobs/app/workspace@script',
    'jobs/app/checkout@tmp',
    'jobs/app/lastSuccessful',
    'jobs/app/lastStable',
    'jobs/app/indexing',
    'jobs/team/jobs/app/builds',
    'jobs/builds/builds',
    'jobs/app/branches/x/builds',
    'jobs/app/modules/com.example$app/builds',
    'plugins',
    'workspace',
    'war',
    'logs',
    'caches',
    'fingerprints',
    'updates',
    'tools',
  ])('the folder %s is not', (path) => {
    expect(isOfJenkins(path, 'folder')).toBe(false);
  });

  it.each([
    'jenkins.war',
    'copy_reference_file.log',
    'jobs/config.xml',
    'jobs/app/jobs/config.xml',
    'jobs/app/build.log',
    'jobs/app/scm-polling.log',
    'jobs/app/config.xml.bak',
    'jobs/app/builds/1/config.xml',
    'plugins/git.jpi',
    'war/config.xml',
    'jobs',
  ])('the file %s is not', (path) => {
    expect(isOfJenkins(path, 'file')).toBe(false);
  });
});
