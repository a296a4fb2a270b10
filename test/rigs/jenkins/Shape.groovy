import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases

/**
 * Reads a Jenkinsfile as Jenkins' declarative parser does before anything runs, and names what it would refuse: sections and
 * options that are misspelt or in the wrong place, statements outside of `script`, values that `environment` does not take.
 * Whatever {@link Steps} can't carry out is refused as well, so that no run passes over a line in silence.
 */
class Shape {
  static final Map SECTIONS = [
    pipeline: ['agent', 'options', 'parameters', 'triggers', 'environment', 'stages', 'post'],
    stage: ['agent', 'when', 'options', 'environment', 'steps', 'stages', 'parallel', 'post'],
  ]
  static final Map OPTIONS = [
    pipeline: [
      buildDiscarder: [''], disableConcurrentBuilds: [], skipDefaultCheckout: [], timeout: ['time', 'unit'], timestamps: [],
    ],
    stage: [timeout: ['time', 'unit']],
  ]
  static final Map PARAMETERS = [
    booleanParam: ['name', 'defaultValue', 'description'],
    choice: ['name', 'choices', 'description'],
    string: ['name', 'defaultValue', 'description'],
  ]
  static final Map TRIGGERS = [pollSCM: ['']]
  static final Map CONDITIONS = [expression: [''], environment: ['name', 'value'], branch: ['']]
  static final List NESTING = ['not', 'allOf', 'anyOf']
  static final List OUTCOMES = ['always', 'aborted', 'failure', 'success', 'unstable']

  final List<String> faults = []
  private final Set<String> functions = []

  static List<String> faultsOf(String text) {
    def unit = new CompilationUnit()
    unit.addSource('Jenkinsfile', text)
    try {
      unit.compile(Phases.CONVERSION)
    } catch (Exception error) {
      return [error.message]
    }
    def shape = new Shape()
    shape.file(unit.AST.modules.first())
    shape.faults
  }

  private void file(module) {
    functions.addAll(module.methods*.name)
    module.methods.each { calls(it.code) }
    def pipelines = module.statementBlock.statements.collect { callOf(it) }
    if (pipelines.size() != 1 || pipelines[0]?.methodAsString != 'pipeline') {
      fault(null, 'expected one pipeline block and functions, nothing else, at the top')
      return
    }
    def sections = sectionsOf(pipelines[0], SECTIONS.pipeline, 'pipeline')
    ['agent', 'stages'].each { if (!sections[it]) fault(pipelines[0], "pipeline has no ${it}") }
    if (sections.agent) agent(sections.agent)
    if (sections.options) named(sections.options, OPTIONS.pipeline, 'option of the pipeline')
    if (sections.parameters) named(sections.parameters, PARAMETERS, 'parameter', false)
    if (sections.triggers) named(sections.triggers, TRIGGERS, 'trigger')
    if (sections.environment) variables(sections.environment)
    if (sections.stages) stages(sections.stages, false)
    if (sections.post) post(sections.post)
  }

  private void stages(call, boolean within) {
    def names = []
    def found = statements(call)
    if (!found) fault(call, 'no stage')
    found.each { statement ->
      def each = callOf(statement)
      def name = each?.methodAsString == 'stage' ? arguments(each).find { it instanceof ConstantExpression }?.value : null
      if (!name) return fault(statement, 'expected a stage with a name')
      if (name in names) fault(statement, "two stages are called ${name}")
      names << name
      stage(each, name, within)
    }
  }

  private void stage(call, String name, boolean within) {
    def sections = sectionsOf(call, SECTIONS.stage, "stage ${name}")
    def bodies = ['steps', 'stages', 'parallel'].findAll { sections[it] }
    if (bodies.size() != 1) fault(call, "stage ${name} needs one of steps, stages and parallel, and has ${bodies}")
    if (sections.parallel && (within || sections.agent)) fault(call, "parallel is not allowed so in stage ${name}")
    if (sections.agent) agent(sections.agent)
    if (sections.when) conditions(sections.when, 1)
    if (sections.options) named(sections.options, OPTIONS.stage, "option of stage ${name}")
    if (sections.environment) variables(sections.environment)
    if (sections.steps) steps(sections.steps)
    if (sections.stages) stages(sections.stages, within)
    if (sections.parallel) stages(sections.parallel, true)
    if (sections.post) post(sections.post)
  }

  private void agent(call) {
    def given = arguments(call)
    if (given.size() == 1 && given[0] instanceof VariableExpression && given[0].name in ['none', 'any']) return
    def inner = block(call) == null ? [] : statements(call).collect { callOf(it) }
    if (inner.size() != 1 || inner[0]?.methodAsString != 'label') fault(call, 'agent is none, any or one label')
  }

  private void variables(call) {
    statements(call).each { statement ->
      def expression = statement instanceof ExpressionStatement ? statement.expression : null
      def valid = expression instanceof BinaryExpression && expression.operation.text == '=' &&
        expression.leftExpression instanceof VariableExpression && value(expression.rightExpression)
      if (!valid) fault(statement, 'environment takes NAME = "text" or NAME = credentials("id")')
    }
  }

  private static boolean value(expression) {
    if (expression instanceof GStringExpression) return true
    if (expression instanceof ConstantExpression) return expression.value instanceof String
    expression instanceof MethodCallExpression && expression.methodAsString == 'credentials'
  }

  private void conditions(call, int expected) {
    def found = statements(call)
    if (expected > 0 ? found.size() != expected : found.isEmpty()) fault(call, "${found.size()} conditions")
    found.each { statement ->
      def condition = callOf(statement)
      def name = condition?.methodAsString
      if (name in NESTING) return conditions(condition, name == 'not' ? 1 : 0)
      if (!CONDITIONS.containsKey(name)) return fault(statement, "unknown condition ${name}")
      if (name == 'expression') return calls(block(condition)?.code)
      names(condition, CONDITIONS[name], "condition ${name}")
    }
  }

  private void post(call) {
    sectionsOf(call, OUTCOMES, 'post').values().each { steps(it) }
  }

  /** Outside of `script` only steps are allowed, and functions of the file. */
  private void steps(call) {
    statements(call).each { statement ->
      def step = callOf(statement)
      if (step == null || !step.implicitThis) return fault(statement, 'expected a step')
      if (step.methodAsString != 'script' && block(step) != null) steps(step)
    }
    calls(block(call)?.code)
  }

  /** Every step that is called anywhere below, whether some run comes by or not. */
  private void calls(code) {
    code?.visit(new CodeVisitorSupport() {
      void visitMethodCallExpression(MethodCallExpression call) {
        super.visitMethodCallExpression(call)
        if (call.implicitThis && !(call.methodAsString in Shape.this.functions)) {
          if (!Steps.NAMED.containsKey(call.methodAsString)) {
            Shape.this.fault(call, "unknown step ${call.methodAsString}")
          } else {
            Shape.this.names(call, Steps.NAMED[call.methodAsString], "step ${call.methodAsString}")
          }
        }
      }
    })
  }

  private void named(call, Map known, String what, boolean once = true) {
    def seen = []
    statements(call).each { statement ->
      def entry = callOf(statement)
      def name = entry?.methodAsString
      if (!known.containsKey(name)) return fault(statement, "unknown ${what}: ${name}")
      if (once && name in seen) fault(statement, "twice: ${name}")
      seen << name
      names(entry, known[name], "${what} ${name}")
    }
  }

  /** '' among the known names stands for an argument without a name. */
  private void names(call, List known, String what) {
    arguments(call).each { argument ->
      if (argument instanceof ClosureExpression) return
      if (!(argument instanceof MapExpression)) {
        if (!('' in known)) fault(call, "${what} takes no argument without a name")
        return
      }
      argument.mapEntryExpressions*.keyExpression*.value.each { key ->
        if (!(key in known)) fault(call, "${what} has no ${key}")
      }
    }
  }

  private Map sectionsOf(call, List known, String what) {
    def sections = [:]
    statements(call).each { statement ->
      def section = callOf(statement)
      def name = section?.methodAsString
      if (!(name in known)) return fault(statement, "unknown section of ${what}: ${name}")
      if (sections[name]) fault(statement, "twice in ${what}: ${name}")
      sections[name] = section
    }
    sections
  }

  private static MethodCallExpression callOf(statement) {
    def expression = statement instanceof ExpressionStatement ? statement.expression : null
    expression instanceof MethodCallExpression && expression.implicitThis ? expression : null
  }

  private static List arguments(call) {
    call.arguments.expressions
  }

  private static ClosureExpression block(call) {
    call.arguments.expressions.find { it instanceof ClosureExpression }
  }

  private List statements(call) {
    def body = block(call)
    if (body == null) fault(call, "${call.methodAsString} needs a block")
    body == null ? [] : body.code.statements
  }

  private void fault(node, String text) {
    faults << (node == null ? text : "line ${node.lineNumber}: ${text}".toString())
  }
}
