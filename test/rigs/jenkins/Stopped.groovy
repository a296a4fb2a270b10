/** What ends a stage: a failure, or somebody or a timeout that interrupts the build. */
class Stopped extends RuntimeException {
  final String result

  private Stopped(String result, String message) {
    super(message)
    this.result = result
  }

  static Stopped failed(String message) {
    new Stopped('FAILURE', message)
  }

  static Stopped interrupted(String message) {
    new Stopped('ABORTED', message)
  }
}
