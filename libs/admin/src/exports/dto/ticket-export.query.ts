import { IntersectionType } from '@nestjs/swagger';
import { TicketFilterQuery } from '../../tickets/dto/ticket-filter.query';
import { FileQuery } from './file.query';

export class TicketExportQuery extends IntersectionType(TicketFilterQuery, FileQuery) {}
