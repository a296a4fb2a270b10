/** Notices when nothing moves for too long. */
export class StallWatch {
  private readonly timer: NodeJS.Timeout;

  constructor(ms: number, onStall: () => void) {
    this.timer = setTimeout(onStall, ms);
  }

  /** Something moved. */
  readonly moved = (): void => {
    this.timer.refresh();
  };

  stop(): void {
    clearTimeout(this.timer);
  }
}
