/** What a ticket has come to; the database's CHECK constraints tie it to who played and who handed over. */
export const TICKET_STATUSES = ['unclaimed', 'pending', 'claimed'] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];
