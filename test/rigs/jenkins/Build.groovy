import groovy.json.JsonOutput

/** One run of a Jenkinsfile: its scenario, its environment, its result, and what it has done so far. */
class Build {
  static final List RESULTS = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'ABORTED']

  final Map scenario
  final Map credentials
  final File workspace
  final File temporary
  final File home
  final File bin
  Map params = [:]
  String result = 'SUCCESS'
  /** Stages that the run is in, outermost first. */
  final LinkedList<String> stages = []
  /** Limits that the run is under, outermost first. */
  final LinkedList<Map> timeouts = []
  /** Agents that the run holds. */
  final LinkedList<String> agents = []
  private final LinkedList<Map> frames = []
  private final Map assigned = [:]

  Build(Map input, Map scenario) {
    this.scenario = scenario
    credentials = input.credentials + (scenario.credentials ?: [:])
    bin = new File(input.bin)
    home = new File(input.folder, scenario.name.replaceAll(/\W+/, '-'))
    workspace = new File(home, 'workspace')
    temporary = new File(home, 'workspace@tmp')
    [workspace, temporary]*.mkdirs()
    new File(home, 'rules').text = (scenario.rules + input.rules).collect { "${it.match}~${it.code ?: 0}~${it.out ?: ''}\n" }.join()
  }

  void say(String event, Map more = [:]) {
    println JsonOutput.toJson([scenario: scenario.name, event: event, stage: stages.join(' / ')] + more)
  }

  /** A result only ever gets worse. */
  void worsen(String other) {
    if (RESULTS.indexOf(other) < 0) throw new IllegalArgumentException("unknown result ${other}")
    if (RESULTS.indexOf(other) > RESULTS.indexOf(result)) result = other
  }

  Map<String, String> environment() {
    def names = [
      BRANCH_NAME: scenario.branch,
      BUILD_NUMBER: '7',
      BUILD_TAG: "jenkins-the-tip-top-${scenario.branch.replace('/', '-')}-7",
      BUILD_URL: 'https://jenkins.example/job/the-tip-top/7/',
      JENKINS_HOME: '/var/lib/jenkins',
      JOB_NAME: "the-tip-top/${scenario.branch}",
    ]
    if (agents) {
      names += [WORKSPACE: workspace.path, WORKSPACE_TMP: temporary.path, HOME: home.path, PATH: "${bin}:/usr/bin:/bin"]
      names += [JOURNAL: new File(home, 'journal').path, RULES: new File(home, 'rules').path]
    }
    names += params.collectEntries { name, value -> [name, "${value}"] }
    names += assigned
    frames.each { names += it }
    names.collectEntries { name, value -> [name, value.toString()] }
  }

  void assign(String name, value) {
    if (value == null) throw Stopped.failed("env.${name} is given no value")
    assigned[name] = value.toString()
    say('assigned', [name: name, value: value.toString()])
  }

  /** Runs the body with more variables, some of which may be added while the body runs. */
  void within(Map variables, Closure body) {
    frames << variables
    try {
      body()
    } finally {
      frames.removeLast()
    }
  }

  /** The variables that a credential is bound to, by its kind. */
  Map bound(String id, String variable, String kind = null) {
    def credential = credentials[id]
    if (credential == null) throw Stopped.failed("Could not find credentials entry with ID '${id}'")
    if (kind && credential.kind != kind) throw Stopped.failed("credential ${id} is a ${credential.kind}, not a ${kind}")
    switch (credential.kind) {
      case 'string':
        return [(variable): credential.value]
      case 'login':
        def both = "${credential.user}:${credential.password}"
        return [(variable): both, ("${variable}_USR".toString()): credential.user, ("${variable}_PSW".toString()): credential.password]
      case 'file':
        if (!agents) throw Stopped.failed("credential ${id} is a file, and there is no agent to put it on")
        def file = new File(temporary, "secretFiles/${id}")
        file.parentFile.mkdirs()
        file.text = credential.text
        return [(variable): file.path]
      default:
        throw new IllegalArgumentException("unknown kind of credential ${credential.kind}")
    }
  }
}
