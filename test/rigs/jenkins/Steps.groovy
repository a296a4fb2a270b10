import groovy.io.FileType
import java.nio.file.FileSystems

/** The steps that the Jenkinsfile may take, carried out as far as a test can see, and told. */
class Steps {
  /** Each with the names of its arguments; '' stands for one without a name. */
  static final Map NAMED = [
    archiveArtifacts: ['artifacts', 'allowEmptyArchive'],
    catchError: ['message', 'buildResult', 'stageResult', 'catchInterruptions'],
    checkout: [''],
    dir: [''],
    error: [''],
    httpRequest: ['url', 'httpMode', 'contentType', 'requestBody', 'timeout', 'quiet'],
    input: ['message', 'ok', 'submitter', 'submitterParameter'],
    mail: ['to', 'subject', 'body'],
    script: [],
    sh: ['', 'script', 'label', 'returnStatus', 'returnStdout'],
    string: ['credentialsId', 'variable'],
    unstable: [''],
    warnError: ['message', 'catchInterruptions'],
    withCredentials: [''],
    withSonarQubeEnv: [''],
  ]
  /** Those that need an agent and its workspace. */
  private static final List ON_AGENT = ['archiveArtifacts', 'checkout', 'dir', 'sh', 'withSonarQubeEnv']

  private final Build build
  private File folder

  Steps(Build build) {
    this.build = build
    folder = build.workspace
  }

  Object call(String name, List given) {
    if (!NAMED.containsKey(name)) throw new IllegalArgumentException("unknown step ${name}")
    if (name in ON_AGENT && !build.agents) throw Stopped.failed("${name} needs an agent")
    Closure body = given && given.last() instanceof Closure ? given.last() : null
    def rest = body ? given.init() : given
    Map named = rest && rest[0] instanceof Map ? rest[0] : rest ? ['': rest[0]] : [:]
    def unknown = named.keySet() - NAMED[name]
    if (unknown || rest.size() > 1) throw new IllegalArgumentException("${name} has no ${unknown ?: 'second argument'}")
    if (name in build.scenario.broken) throw Stopped.failed("${name} is broken")
    this."$name"(named, body)
  }

  private script(Map named, Closure body) {
    body()
  }

  private checkout(Map named, Closure body) {
    build.say('step', [name: 'checkout'])
    new File(build.workspace, 'package.json').text = new File('package.json').text
  }

  /** As Jenkins runs it, and with -u besides, so that a misspelt variable is found. */
  private sh(Map named, Closure body) {
    String script = named.script ?: named['']
    if (!folder.isDirectory()) throw Stopped.failed("${folder} is not there")
    def journal = new File(build.home, 'journal')
    journal.text = ''
    def builder = new ProcessBuilder('/bin/sh', '-uxe', '-c', script).directory(folder)
    builder.environment().clear()
    builder.environment().putAll(build.environment())
    def process = builder.start()
    process.outputStream.close()
    def (out, log) = [new StringBuffer(), new StringBuffer()]
    process.waitForProcessOutput(out, log)
    int status = process.exitValue()
    def commands = journal.text.split('\u001e').findAll().collect { record ->
      def (argv, seen) = record.split('\u001d', 2)
      [argv: argv.split('\u001f', -1) as List, seen: seen.split('\u001f').findAll().collectEntries { it.split('=', 2) as List }]
    }
    build.say('sh', [script: script, status: status, log: log.toString(), out: out.toString(), commands: commands])
    def interruption = commands.find { it.seen.interruption }?.seen?.interruption
    if (interruption == 'abort') throw Stopped.interrupted('aborted by hand')
    if (interruption == 'hang') {
      if (!build.timeouts) throw new IllegalStateException("nothing ends ${script}")
      throw Stopped.interrupted("timeout of ${build.timeouts.last()}")
    }
    if (named.returnStatus) return status
    if (status != 0) throw Stopped.failed("script returned exit code ${status}")
    named.returnStdout ? out.toString() : null
  }

  private dir(Map named, Closure body) {
    def before = folder
    folder = new File(named[''].toString())
    try {
      body()
    } finally {
      folder = before
    }
  }

  private archiveArtifacts(Map named, Closure body) {
    def pattern = FileSystems.default.getPathMatcher("glob:${named.artifacts}")
    def files = []
    folder.eachFileRecurse(FileType.FILES) { file ->
      def path = folder.toPath().relativize(file.toPath())
      if (pattern.matches(path)) files << path.toString()
    }
    if (!files && !named.allowEmptyArchive) throw Stopped.failed('No artifacts found')
    build.say('step', [name: 'archiveArtifacts', files: files.sort()])
  }

  private error(Map named, Closure body) {
    throw Stopped.failed(named[''].toString())
  }

  private unstable(Map named, Closure body) {
    build.say('warning', [message: named[''].toString()])
    build.worsen('UNSTABLE')
  }

  private warnError(Map named, Closure body) {
    catchError([buildResult: 'UNSTABLE', stageResult: 'UNSTABLE'] + named, body)
  }

  private catchError(Map named, Closure body) {
    try {
      body()
    } catch (Stopped stop) {
      if (stop.result == 'ABORTED' && named.catchInterruptions == false) throw stop
      build.say('warning', [message: named.message.toString(), cause: stop.message])
      build.worsen(stop.result == 'ABORTED' ? 'ABORTED' : named.buildResult ?: 'FAILURE')
    }
  }

  private input(Map named, Closure body) {
    def answer = build.scenario.approval
    build.say('step', [name: 'input', message: named.message.toString(), submitter: named.submitter, agents: build.agents.size()])
    if (answer == 'granted') return named.submitterParameter ? 'camille' : null
    if (answer == 'refused') throw Stopped.interrupted('refused')
    if (!build.timeouts) throw new IllegalStateException('nothing ends an approval that nobody gives')
    throw Stopped.interrupted("timeout of ${build.timeouts.last()}")
  }

  private mail(Map named, Closure body) {
    build.say('step', [name: 'mail', to: "${named.to}", subject: "${named.subject}", body: "${named.body}"])
  }

  private httpRequest(Map named, Closure body) {
    build.say('step', [name: 'httpRequest', url: "${named.url}", body: named.requestBody])
  }

  private string(Map named, Closure body) {
    build.bound(named.credentialsId, named.variable, 'string')
  }

  private withCredentials(Map named, Closure body) {
    build.within(named[''].inject([:]) { all, one -> all + one }, body)
  }

  private withSonarQubeEnv(Map named, Closure body) {
    build.say('step', [name: 'withSonarQubeEnv', server: named['']])
    build.within([SONAR_HOST_URL: 'https://sonar.example'], body)
  }
}
