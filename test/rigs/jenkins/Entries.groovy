/** Takes down what a block of a declarative pipeline says, call by call. */
class Entries {
  final List<Map> all = []
  private final Names names

  Entries(Names names) { this.names = names }

  Object methodMissing(String name, given) {
    if (name == 'logRotator') return given[0]
    all << [name: name, given: given as List]
    null
  }

  Object propertyMissing(String name) { name in ['none', 'any'] ? name : names.getVariable(name) }
}
