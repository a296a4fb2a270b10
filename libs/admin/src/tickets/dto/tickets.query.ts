import { IntersectionType } from '@nestjs/swagger';
import { PageQuery } from '@tiptop/platform';
import { TicketFilterQuery } from './ticket-filter.query';

export class TicketsQuery extends IntersectionType(TicketFilterQuery, PageQuery) {}
