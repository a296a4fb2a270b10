import { Injectable } from '@nestjs/common';
import { AppConfig } from '@tiptop/platform';
import { ReturnUrlNotAllowed } from '../social.errors';

/** Where a sign-in in a browser may end: on the list, letter by letter, and nowhere else. */
@Injectable()
export class ReturnUrls {
  private readonly allowed: readonly string[];

  constructor({ webReturnUrls }: AppConfig) {
    this.allowed = webReturnUrls.map((url) => new URL(url).href);
  }

  /** Where a sign-in ends that names no address; null where there is no list. */
  get standard(): string | null {
    return this.allowed[0] ?? null;
  }

  /**
   * The address as it is listed. An address that only means the same is refused: browsers and parsers differ on too much
   * (backslashes, userinfo, encoded dots) for anything but equality.
   * @throws ReturnUrlNotAllowed
   */
  choose(wanted: string | undefined): string | null {
    if (wanted === undefined) return this.standard;
    // "https://www.example" and its normal form "https://www.example/" are both what somebody may have copied.
    const found = this.allowed.find((url) => url === wanted || (url === `${wanted}/` && new URL(url).pathname === '/'));
    if (found === undefined) throw new ReturnUrlNotAllowed();
    return found;
  }
}
