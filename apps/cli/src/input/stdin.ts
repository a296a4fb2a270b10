import type { Readable } from 'node:stream';

/** Where a command reads what is piped into it. */
export class Stdin {
  constructor(readonly stream: Readable & { isTTY?: boolean }) {}
}
