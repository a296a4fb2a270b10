/** What a ticket has come to; the database's CHECK constraints tie it to who played and who handed over. */
export const TICKET_STATUSES = ['unclaimed', 'pending', 'claimed'] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

/** Whether a prize was won and not fetched in time. Nothing is written for it: with more time it waits again. */
export function isExpired({ status, claimEndsAt }: { status: TicketStatus; claimEndsAt: Date }, now: Date): boolean {
  return status === 'pending' && claimEndsAt <= now;
}
