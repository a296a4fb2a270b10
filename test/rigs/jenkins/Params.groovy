/** What `params` is in a Jenkinsfile; one that is not declared is refused. */
class Params {
  private final Build build

  Params(Build build) { this.build = build }

  Object propertyMissing(String name) {
    if (!build.params.containsKey(name)) throw Stopped.failed("there is no parameter ${name}")
    build.params[name]
  }
}
