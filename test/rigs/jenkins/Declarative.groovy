/** Carries a declarative pipeline out, in the order and with the consequences that it has in Jenkins. */
class Declarative {
  private final Build build
  private final Names names

  Declarative(Build build, Names names) {
    this.build = build
    this.names = names
  }

  void run(Closure body) {
    def sections = sectionsOf(body)
    define(sections.parameters)
    build.say('pipeline', [
      options: entriesOf(sections.options).collect { it.name },
      triggers: entriesOf(sections.triggers).collectEntries { [it.name, it.given[0]] },
      parameters: build.params,
    ])
    try {
      around(sections) { stages(sections.stages, false) }
    } catch (Stopped stop) {
      build.worsen(stop.result)
    }
    post(sections.post, build.result)
    build.say('end', [result: build.result])
  }

  private void define(Closure body) {
    build.params = entriesOf(body).collectEntries { entry ->
      def definition = entry.given[0]
      def chosen = build.scenario.parameters[definition.name]
      if (entry.name == 'choice' && chosen != null && !(chosen in definition.choices)) {
        throw new IllegalArgumentException("${chosen} is none of ${definition.choices}")
      }
      def usual = entry.name == 'choice' ? definition.choices[0] : definition.defaultValue
      [definition.name, chosen == null ? usual : chosen]
    }
    def unknown = build.scenario.parameters.keySet() - build.params.keySet()
    if (unknown) throw new IllegalArgumentException("there is no parameter ${unknown}")
  }

  /** Options, agent and environment of a pipeline or a stage, and the body within them. */
  private void around(Map sections, Closure body) {
    def limit = entriesOf(sections.options).find { it.name == 'timeout' }?.given?.getAt(0)
    def agent = sections.agent == null ? null : sections.agent instanceof Closure ? 'label' : sections.agent
    if (limit) build.timeouts << limit
    if (agent in ['any', 'label']) build.agents << agent
    try {
      def variables = [:]
      build.within(variables) {
        if (sections.environment) environment(sections.environment, variables)
        body()
      }
    } finally {
      if (limit) build.timeouts.removeLast()
      if (agent in ['any', 'label']) build.agents.removeLast()
    }
  }

  private void environment(Closure body, Map variables) {
    def target = new Variables(build, names, variables)
    body = body.rehydrate(target, body.owner, body.thisObject)
    body.resolveStrategy = Closure.DELEGATE_ONLY
    body()
  }

  /** After one that failed no other begins; beside it, others go on to their end. */
  private void stages(Closure body, boolean beside) {
    Stopped first = null
    entriesOf(body).each { entry ->
      def (name, inner) = entry.given
      build.stages << name
      try {
        if (first && !beside) {
          build.say('skipped', [why: 'failure'])
        } else {
          stage(sectionsOf(inner))
        }
      } catch (Stopped stop) {
        first = first ?: stop
      } finally {
        build.stages.removeLast()
      }
    }
    if (first) throw first
  }

  private void stage(Map sections) {
    around(sections) {
      if (sections.when && !entriesOf(sections.when).every { holds(it) }) {
        build.say('skipped', [why: 'when'])
        return
      }
      build.say('stage', [leaf: sections.steps != null, timeouts: build.timeouts.size(), agents: build.agents.size()])
      Stopped stop = null
      try {
        if (sections.steps) take(sections.steps)
        if (sections.stages) stages(sections.stages, false)
        if (sections.parallel) stages(sections.parallel, true)
      } catch (Stopped error) {
        stop = error
        build.worsen(error.result)
        build.say('stopped', [result: error.result, message: error.message])
      }
      // In Jenkins, too, the outcome of a stage that went well is that of the build so far.
      post(sections.post, stop?.result ?: build.result)
      if (stop) throw stop
    }
  }

  private boolean holds(Map condition) {
    def given = condition.given
    switch (condition.name) {
      case 'expression':
        return take(given[0])
      case 'environment':
        return build.environment()[given[0].name] == given[0].value
      case 'branch':
        return build.scenario.branch == given[0]
      case 'not':
        return !entriesOf(given[0]).every { holds(it) }
      case 'allOf':
        return entriesOf(given[0]).every { holds(it) }
      case 'anyOf':
        return entriesOf(given[0]).any { holds(it) }
      default:
        throw new IllegalArgumentException("unknown condition ${condition.name}")
    }
  }

  private void post(Closure body, String outcome) {
    if (!body) return
    def met = ['always', [ABORTED: 'aborted', FAILURE: 'failure', SUCCESS: 'success', UNSTABLE: 'unstable'][outcome]]
    def blocks = entriesOf(body).collectEntries { [it.name, it.given[0]] }
    met.findAll { blocks[it] }.each { name ->
      build.stages << "post ${name}".toString()
      try {
        take(blocks[name])
      } catch (Stopped stop) {
        build.worsen(stop.result)
        build.say('stopped', [result: stop.result, message: stop.message])
      } finally {
        build.stages.removeLast()
      }
    }
  }

  /** Runs a block of steps, whose names are those of the script and no longer those of the section that it stands in. */
  private Object take(Closure body) {
    body.rehydrate(body.thisObject, body.thisObject, body.thisObject)()
  }

  private Map sectionsOf(Closure body) {
    entriesOf(body).collectEntries { [it.name, it.given[0]] }
  }

  /** What a block of a declarative pipeline says, call by call. */
  private List<Map> entriesOf(Closure body) {
    if (body == null) return []
    def entries = new Entries(names)
    body = body.rehydrate(entries, body.owner, body.thisObject)
    body.resolveStrategy = Closure.DELEGATE_ONLY
    body()
    entries.all
  }
}
