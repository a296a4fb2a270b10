import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { addressDigest } from './audit-log';

const BATCH = 2000;
/** Faults told at most; how many there are is told in any case. */
const TOLD = 100;
const BEGINNING = Buffer.alloc(32);

/**
 * `altered`: an entry, or its link, is not what was chained. `removed`: an entry or links are gone. `inserted`: an entry
 * was never chained. `head-missing`: the head that was expected is nowhere in the chain.
 */
export type AuditFaultKind = 'altered' | 'removed' | 'inserted' | 'head-missing';

export interface AuditFault {
  kind: AuditFaultKind;
  /** In the chain, counted from 1; null for what does not stand in it. */
  position: number | null;
  entryId: string | null;
}

export interface AuditVerification {
  intact: boolean;
  entries: number;
  /** The last link: written down elsewhere, it proves later that nothing before it was changed or cut off. */
  head: { position: number; hash: string };
  faultCount: number;
  /** The first hundred. */
  faults: AuditFault[];
}

interface LinkRow {
  position: string;
  entryId: string;
  hash: Buffer;
  /** What the link was made of; null where the entry is gone. */
  text: string | null;
  address: string | null;
  salt: Buffer | null;
  digest: Buffer | null;
}

// Made of PostgreSQL's own functions only. That by which the entries were chained may be what somebody changed.
const LINKS = `
  SELECT c.position, c.entry_id AS "entryId", c.hash, CASE WHEN e.id IS NOT NULL THEN jsonb_build_array(
      e.id, (extract(epoch FROM e.at) * 1000)::bigint, e.actor_id, e.actor_role, e.action,
      e.subject_type, e.subject_id, e.details, e.request_id, encode(e.address_digest, 'hex'))::text END AS text,
    e.address, e.address_salt AS salt, e.address_digest AS digest
  FROM audit_chain c LEFT JOIN audit_entries e ON e.id = c.entry_id
  WHERE c.position > $1 ORDER BY c.position LIMIT ${BATCH.toString()}`;

// However many there are, no more come to us than are told.
const UNCHAINED = `
  SELECT e.id, count(*) OVER ()::int AS count FROM audit_entries e
  WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id) ORDER BY e.id LIMIT ${TOLD.toString()}`;

/** Proves that the audit log is what was written, by working every link out anew. */
@Injectable()
export class AuditVerifier {
  constructor(private readonly dataSource: DataSource) {}

  /** @param expectedHead a head of earlier, in hexadecimal; without it a tail that was cut off is not noticed */
  async verify(expectedHead?: string): Promise<AuditVerification> {
    // One snapshot, so that what is written meanwhile is in it as a whole or not at all.
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      await manager.query('SET LOCAL statement_timeout = 0');
      const walk = new ChainWalk(expectedHead?.toLowerCase());
      for await (const link of links(manager)) walk.step(link);
      const unchained = await manager.query<{ id: string; count: number }[]>(UNCHAINED);
      walk.unchained(
        unchained[0]?.count ?? 0,
        unchained.map(({ id }) => id),
      );
      const [row] = await manager.query<{ count: number }[]>('SELECT count(*)::int AS count FROM audit_entries');
      return walk.end(row?.count ?? 0);
    });
  }
}

async function* links(manager: EntityManager): AsyncGenerator<LinkRow> {
  let after = '-9223372036854775808';
  for (;;) {
    const batch: LinkRow[] = await manager.query(LINKS, [after]);
    yield* batch;
    const last = batch.at(-1);
    if (!last || batch.length < BATCH) return;
    after = last.position;
  }
}

/** Goes along the chain. After a fault it goes on from what stands there, so that one fault is told as one. */
class ChainWalk {
  private position = 0;
  private hash: Buffer = BEGINNING;
  private faultCount = 0;
  private readonly faults: AuditFault[] = [];
  private headSeen: boolean;

  constructor(private readonly expectedHead: string | undefined) {
    this.headSeen = expectedHead === undefined || expectedHead === BEGINNING.toString('hex');
  }

  step(link: LinkRow): void {
    const position = Number(link.position);
    const follows = position === this.position + 1;
    if (!follows) this.fault('removed', this.position + 1, null);
    if (link.text === null) this.fault('removed', position, link.entryId);
    // Behind a gap there is nothing to work the link out from; the gap itself is told.
    else if (!addressHolds(link) || (follows && !this.linkOf(position, link.text).equals(link.hash))) {
      this.fault('altered', position, link.entryId);
    }
    this.position = position;
    this.hash = link.hash;
    if (this.hash.toString('hex') === this.expectedHead) this.headSeen = true;
  }

  /** @param entryIds the first of them */
  unchained(count: number, entryIds: readonly string[]): void {
    for (const id of entryIds) this.fault('inserted', null, id);
    this.faultCount += count - entryIds.length;
  }

  end(entries: number): AuditVerification {
    if (!this.headSeen) this.fault('head-missing', null, null);
    return {
      intact: this.faultCount === 0,
      entries,
      head: { position: this.position, hash: this.hash.toString('hex') },
      faultCount: this.faultCount,
      faults: this.faults,
    };
  }

  private linkOf(position: number, text: string): Buffer {
    const place = Buffer.alloc(8);
    place.writeBigInt64BE(BigInt(position));
    return createHash('sha256').update(this.hash).update(place).update(text).digest();
  }

  private fault(kind: AuditFaultKind, position: number | null, entryId: string | null): void {
    this.faultCount++;
    if (this.faults.length < TOLD) this.faults.push({ kind, position, entryId });
  }
}

/** Whether the address is the one that was chained. That it was taken out is no fault. */
function addressHolds({ address, salt, digest }: LinkRow): boolean {
  if (address === null || salt === null) return address === null && salt === null;
  return digest !== null && addressDigest(salt, address).equals(digest);
}
