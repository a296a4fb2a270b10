import type { KeptTables } from '@tiptop/platform';

/** What the service may do with tables that are append-only, or none of its business; a new one is listed here. */
export const keptTables: KeptTables = {
  // What the chain was made of stays; an address goes when its time has come.
  audit_entries: { service: ['SELECT', 'INSERT'], changeable: ['address', 'address_salt'], bindsOwner: true },
  // Written by a function of the owner's.
  audit_chain: { service: ['SELECT'], bindsOwner: true },
  consents: { service: ['SELECT', 'INSERT'] },
  // What staff wrote of a person goes when the person goes.
  claim_events: { service: ['SELECT', 'INSERT'], changeable: ['reason', 'note'] },
  migrations: { service: ['SELECT'] },
};
