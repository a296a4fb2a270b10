/** The names that a Jenkinsfile may use without having made them: env, params, currentBuild, scm, and what env holds. */
class Names extends Binding {
  private final Build build
  private final Map given

  Names(Build build) {
    this.build = build
    given = [env: new Env(build), params: new Params(build), currentBuild: new CurrentBuild(build), scm: 'scm']
  }

  @Override
  Object getVariable(String name) {
    if (given.containsKey(name)) return given[name]
    def environment = build.environment()
    if (!environment.containsKey(name)) throw new MissingPropertyException(name, Names)
    environment[name]
  }

  @Override
  boolean hasVariable(String name) {
    given.containsKey(name) || build.environment().containsKey(name)
  }

  @Override
  void setVariable(String name, Object value) {
    throw Stopped.failed("${name} is assigned without having been declared")
  }
}
