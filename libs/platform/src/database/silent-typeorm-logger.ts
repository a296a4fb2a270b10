import { AbstractLogger } from 'typeorm';

/** Keeps TypeORM from writing to standard output: what goes wrong is thrown, and logged where it is caught. */
export class SilentTypeOrmLogger extends AbstractLogger {
  protected override writeLog(): void {
    // Nothing, by design.
  }
}
