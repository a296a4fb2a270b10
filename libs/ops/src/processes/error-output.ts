import { StringDecoder } from 'node:string_decoder';

/** Of what a program writes to stderr, the end is kept: that is where it says why it gives up. */
const KEPT_BYTES = 8192;
/** A longer line is told in pieces. */
const LINE_CHARACTERS = 4096;

/** What a program says on stderr: its end, in bounded memory, and every line as it comes. */
export class ErrorOutput {
  private tail = Buffer.alloc(0);
  private readonly decoder = new StringDecoder('utf8');
  private line = '';

  constructor(private readonly onLine?: (line: string) => void) {}

  add(chunk: Buffer): void {
    this.tail = Buffer.concat([this.tail, chunk]).subarray(-KEPT_BYTES);
    if (this.onLine) this.split(this.decoder.write(chunk));
  }

  /** After its end: the last line may lack its end. */
  end(): void {
    this.tell(this.line);
    this.line = '';
  }

  toString(): string {
    return this.tail.toString('utf8').trim();
  }

  private split(text: string): void {
    const lines = (this.line + text).split('\n');
    this.line = lines.pop() ?? '';
    for (const line of lines) this.tell(line);
    while (this.line.length > LINE_CHARACTERS) {
      this.tell(this.line.slice(0, LINE_CHARACTERS));
      this.line = this.line.slice(LINE_CHARACTERS);
    }
  }

  private tell(line: string): void {
    if (line !== '') this.onLine?.(line);
  }
}
