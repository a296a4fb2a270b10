import { codeOf, isForbidden, statusOf } from './s3-failure';

/** An operation of the API that failed, before it is put into words. */
export class S3Fault extends Error {
  constructor(
    /** `PutObject` */
    readonly operation: string,
    readonly error: unknown,
  ) {
    super(operation);
    this.name = 'S3Fault';
  }

  /** Of the answer; undefined where none came. */
  get status(): number | undefined {
    return statusOf(this.error);
  }

  get code(): string {
    return codeOf(this.error);
  }

  get forbidden(): boolean {
    return isForbidden(this.error);
  }
}
