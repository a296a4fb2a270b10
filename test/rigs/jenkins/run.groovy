// Runs a Jenkinsfile through scenarios, without Jenkins: reads {bin, folder, credentials, rules, scenarios} as JSON from stdin,
// and prints as JSON, a line each, the stages and steps that each scenario takes. Shell steps really run, by programs in bin.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import org.codehaus.groovy.control.CompilerConfiguration

abstract class PipelineScript extends Script {
  private Declarative declarative
  private Steps steps

  void equip(Declarative declarative, Steps steps) {
    this.@declarative = declarative
    this.@steps = steps
  }

  void pipeline(Closure body) {
    this.@declarative.run(body)
  }

  Object methodMissing(String name, given) {
    this.@steps.call(name, given as List)
  }
}

def input = new JsonSlurper().parse(System.in.newReader('UTF-8'))
input.scenarios.each { scenario ->
  def text = new File(scenario.jenkinsfile).getText('UTF-8')
  def faults = Shape.faultsOf(text)
  if (faults) {
    println JsonOutput.toJson([scenario: scenario.name, event: 'refused', faults: faults])
    return
  }
  def build = new Build(input, scenario)
  def names = new Names(build)
  def configuration = new CompilerConfiguration(scriptBaseClass: PipelineScript.name)
  def script = new GroovyShell(this.class.classLoader, names, configuration).parse(text, 'Jenkinsfile')
  script.equip(new Declarative(build, names), new Steps(build))
  script.run()
}
