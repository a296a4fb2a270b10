/** Takes down the variables of an `environment` block. */
class Variables {
  private final Build build
  private final Names names
  private final Map variables

  Variables(Build build, Names names, Map variables) {
    this.build = build
    this.names = names
    this.variables = variables
  }

  Map credentials(String id) { [credential: id] }

  void propertyMissing(String name, value) {
    if (value instanceof Map) variables.putAll(build.bound(value.credential, name)) else variables[name] = value.toString()
  }

  Object propertyMissing(String name) { names.getVariable(name) }
}
