import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What one part of the service holds about people. */
export interface PersonalDataHolder {
  /** Its name in the document that a person gets. */
  name: string;
  /** Its tables in which words about people stand, that erase() takes out. */
  tables?: readonly string[];
  /** Everything held about a person that isn't a secret of the service, as JSON writes it; dates as ISO 8601. */
  collect: (userId: string, manager: EntityManager) => Promise<unknown>;
  /**
   * Takes out what tells who the person is, in the transaction that erases the account, whose row is locked. What counts
   * (how many, when, which prize) stays.
   */
  erase: (userId: string, manager: EntityManager) => Promise<void>;
  /** @returns why an account must not be erased for inactivity yet, one word for a program; undefined where it may */
  mustKeep?: (userId: string, manager: EntityManager) => Promise<string | undefined>;
}

/** Who holds something about people, beside this library. Each module registers its own. */
@Injectable()
export class PersonalData {
  private readonly holders: PersonalDataHolder[] = [];

  register(holder: PersonalDataHolder): void {
    if (this.holders.some(({ name }) => name === holder.name)) {
      throw new Error(`Two modules hold personal data by the name of ${holder.name}`);
    }
    this.holders.push(holder);
  }

  /** What each of them holds, by its name. */
  async collect(userId: string, manager: EntityManager): Promise<Record<string, unknown>> {
    const collected: Record<string, unknown> = {};
    // One after the other: they share the connection of one transaction.
    for (const holder of this.holders) collected[holder.name] = await holder.collect(userId, manager);
    return collected;
  }

  tables(): string[] {
    return this.holders.flatMap(({ tables = [] }) => tables);
  }

  async erase(userId: string, manager: EntityManager): Promise<void> {
    for (const holder of this.holders) await holder.erase(userId, manager);
  }

  /** @returns the first reason to keep an account that any of them has */
  async reasonToKeep(userId: string, manager: EntityManager): Promise<string | undefined> {
    for (const holder of this.holders) {
      const reason = await holder.mustKeep?.(userId, manager);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}
