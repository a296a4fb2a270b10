/** Keeps what a store tells the log. */
export class StoreLog {
  private readonly lines: string[] = [];
  readonly info = (...parts: unknown[]): void => {
    this.lines.push(JSON.stringify(parts));
  };
  readonly warn = this.info;

  text(): string {
    return this.lines.join('\n');
  }

  clear(): void {
    this.lines.length = 0;
  }
}
