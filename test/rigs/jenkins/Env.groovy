/** What `env` is in a Jenkinsfile. */
class Env {
  private final Build build

  Env(Build build) { this.build = build }

  Object propertyMissing(String name) { build.environment()[name] }

  void propertyMissing(String name, value) { build.assign(name, value) }
}
