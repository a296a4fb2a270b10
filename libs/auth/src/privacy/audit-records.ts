import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '@tiptop/platform';
import type { EntityManager } from 'typeorm';
import { PersonalData, type PersonalDataHolder } from './personal-data';

/** What the audit log tells of a person: no name, no e-mail address, but what they did and from where. */
@Injectable()
export class AuditRecords implements PersonalDataHolder, OnModuleInit {
  readonly name = 'audit';
  readonly tables = ['audit_entries'];

  constructor(
    private readonly personalData: PersonalData,
    private readonly trail: AuditTrail,
  ) {}

  onModuleInit(): void {
    this.personalData.register(this);
  }

  /** What they did and what was done with their account, the newest first. Who else acted, and from where, is not theirs. */
  async collect(userId: string, manager: EntityManager): Promise<object[]> {
    const entries = await this.trail.about(userId, manager);
    return entries.map(({ at, action, actorId, address }) => {
      const isOwn = actorId === userId;
      return { at: at.toISOString(), action, byMe: isOwn, address: isOwn ? address : null };
    });
  }

  /** The addresses go. That something was done, and by an account that has no name any more, stays. */
  async erase(userId: string, manager: EntityManager): Promise<void> {
    await this.trail.forgetAddresses(userId, manager);
  }
}
