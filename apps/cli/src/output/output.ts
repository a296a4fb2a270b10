import type { Writable } from 'node:stream';
import type { Failure } from '../failures/failure';
import { EXIT, type ExitCode } from './exit-codes';

/**
 * What a command tells. stdout gets the result and nothing else: a few words, or with --json one JSON document, for a
 * failure as well. Everything else goes to stderr.
 */
export class Output {
  private ended = false;
  private begun = false;
  private code: ExitCode = EXIT.done;
  private remark: string | undefined;

  constructor(
    readonly json: boolean,
    private readonly stdout: Writable,
    readonly stderr: Writable,
  ) {}

  get exitCode(): ExitCode {
    return this.code;
  }

  /**
   * The command's result; said once, at its end.
   * @param document what --json prints
   * @param text what a person reads
   */
  result(document: object, text: string, code: ExitCode = EXIT.done): void {
    if (this.ended) return;
    this.end(code);
    this.stdout.write(this.json ? `${JSON.stringify(document)}\n` : `${text}\n`);
  }

  /** For a result too long to hold: the caller writes all of it, and calls {@link endStream}. */
  beginStream(): Writable {
    this.begun = true;
    return this.stdout;
  }

  endStream(): void {
    this.end(EXIT.done);
  }

  /** Said along with whatever makes the command fail from here on: what stays behind, and how to go on. */
  remarkOnFailure(remark: string): void {
    this.remark = remark;
  }

  /** Why there is no result. Ignored after a result or another failure. */
  fail({ exitCode, code, message, errors }: Failure): void {
    if (this.ended) return;
    this.end(exitCode);
    const said = this.remark === undefined ? message : `${message} ${this.remark}`;
    if (this.json && !this.begun) {
      this.stdout.write(`${JSON.stringify({ error: { code, message: said, ...(errors ? { errors } : {}) } })}\n`);
      return;
    }
    this.note(said);
    for (const error of errors ?? []) this.stderr.write(`  ${error.path}: ${error.message}\n`);
  }

  /** What went wrong beside the work, which is done. */
  degrade(message: string): void {
    if (this.code === EXIT.done) this.code = EXIT.degraded;
    this.note(message);
  }

  /** A line for a person, on stderr. */
  note(message: string): void {
    this.stderr.write(`tiptop: ${message}\n`);
  }

  private end(code: ExitCode): void {
    this.ended = true;
    this.code = code;
  }
}
