import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  Consent,
  PasswordHasher,
  RecoveryCode,
  type Role,
  searchTextOf,
  SecondFactor,
  SessionsService,
} from '@tiptop/auth';
import { AppConfig, ATTEMPT_BUDGETS_TABLE, Clock, smokeId } from '@tiptop/platform';
import { DataSource, type EntityManager } from 'typeorm';

const PASSWORD_BYTES = 24;
const NAME_BYTES = 6;
const BIRTH_DATE = '1990-01-01';

interface Part {
  id: string;
  role: Exclude<Role, 'admin'>;
}

const CUSTOMER: Part = { id: smokeId(1), role: 'customer' };
const EMPLOYEE: Part = { id: smokeId(2), role: 'employee' };

/** By what somebody signs in. */
export interface Credentials {
  email: string;
  password: string;
}

/** The customer and the employee of smoke journeys. Outside of a journey nobody can sign in as one of them. */
@Injectable()
export class SmokePeople {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sessions: SessionsService,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Makes them where they are missing, and lets them in for one journey. */
  async admit(): Promise<{ customer: Credentials; employee: Credentials }> {
    return { customer: await this.let(CUSTOMER), employee: await this.let(EMPLOYEE) };
  }

  /** Takes their passwords and sessions away. */
  async dismiss(): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const now = this.clock.now();
      for (const { id } of [CUSTOMER, EMPLOYEE]) {
        await manager.query('UPDATE users SET password_hash = NULL, updated_at = $2 WHERE id = $1', [id, now]);
        await this.sessions.endAll(manager, id, 'password-changed');
      }
    });
  }

  /**
   * Under another address each time: wrong passwords are counted by address, and neither those of an earlier journey nor
   * a stranger's shall lock this one out.
   */
  private async let({ id, role }: Part): Promise<Credentials> {
    const email = `${role}-${randomBytes(NAME_BYTES).toString('hex')}@smoke.invalid`;
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    const hash = await this.hasher.hash(password);
    await this.dataSource.transaction(async (manager) => {
      await this.save(manager, { id, role }, email, hash);
      await this.sessions.endAll(manager, id, 'password-changed');
      for (const entity of [RecoveryCode, SecondFactor]) await manager.delete(entity, { userId: id });
      // As CodeBudget names them.
      const budgets = [`code-account:${id}`, `code-account-blocks:${id}`];
      await manager.query(`DELETE FROM ${ATTEMPT_BUDGETS_TABLE} WHERE key = ANY ($1)`, [budgets]);
      const terms = { userId: id, kind: 'terms' as const, version: this.config.termsVersion, granted: true };
      if (!(await manager.existsBy(Consent, terms)))
        await manager.insert(Consent, { ...terms, givenAt: this.clock.now() });
    });
    return { email, password };
  }

  private async save(manager: EntityManager, { id, role }: Part, email: string, passwordHash: string): Promise<void> {
    const firstName = 'Smoke';
    const lastName = role === 'customer' ? 'Customer' : 'Employee';
    await manager.query(
      `INSERT INTO users (id, role, email, email_key, search_text, password_hash, first_name, last_name, birth_date,
         email_verified_at, last_active_at, created_at, updated_at)
       VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $9, $9, $9)
       ON CONFLICT (id) DO UPDATE SET role = excluded.role, email = excluded.email, email_key = excluded.email_key,
         search_text = excluded.search_text, password_hash = excluded.password_hash, first_name = excluded.first_name,
         last_name = excluded.last_name, birth_date = excluded.birth_date, is_active = true,
         email_verified_at = excluded.email_verified_at, last_active_at = excluded.last_active_at,
         updated_at = excluded.updated_at`,
      [
        id,
        role,
        email,
        searchTextOf({ firstName, lastName, emailKey: email }),
        passwordHash,
        firstName,
        lastName,
        BIRTH_DATE,
        this.clock.now(),
      ],
    );
  }
}
