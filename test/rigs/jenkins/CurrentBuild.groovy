/** What `currentBuild` is in a Jenkinsfile. */
class CurrentBuild {
  private final Build build

  CurrentBuild(Build build) { this.build = build }

  String getCurrentResult() { build.result }

  String getDurationString() { '3 min 2 sec' }
}
