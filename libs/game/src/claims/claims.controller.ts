import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { ClaimReader } from './claim-reader';
import { ClaimsService } from './claims.service';
import { ClaimListResponse } from './dto/claim-list.response';
import { ClaimOutcomeResponse, ClaimResponse } from './dto/claim.response';
import { ClaimsQuery } from './dto/claims.query';
import { RefuseClaimRequest } from './dto/refuse-claim.request';
import { UndoClaimRequest } from './dto/undo-claim.request';
import { ValidateClaimRequest } from './dto/validate-claim.request';

const STAFF = ['employee', 'admin'] as const;
const CODE = { name: 'code', description: 'The ticket’s code, in either case.', example: '7KQ2M9XHPA' };
const HAND_OVER_ERRORS = [
  'TICKET_NOT_FOUND',
  'TICKET_NOT_PENDING',
  'TICKET_ALREADY_CLAIMED',
  'SELF_CLAIM',
  'CLAIM_PERIOD_OVER',
] as const;

@ApiTags('Claims')
@Controller('claims')
export class ClaimsController {
  constructor(
    private readonly claims: ClaimsService,
    private readonly reader: ClaimReader,
  ) {}

  @Get()
  @Endpoint({
    access: STAFF,
    summary: 'Tickets waiting for their prize, the oldest first',
    status: 200,
    answer: ClaimListResponse,
  })
  async list(@CurrentAccount() account: Account, @Query() query: ClaimsQuery): Promise<ClaimListResponse> {
    return this.reader.list(account, query);
  }

  @Get(':code')
  @ApiParam(CODE)
  @Endpoint({
    access: STAFF,
    summary: 'A ticket, the person who won, and what happened to it',
    status: 200,
    answer: ClaimResponse,
    errors: ['TICKET_NOT_FOUND'],
  })
  async get(@CurrentAccount() account: Account, @Param('code') code: string): Promise<ClaimResponse> {
    return this.reader.get(account, code);
  }

  @Post(':code/validate')
  @ApiParam(CODE)
  @Endpoint({
    access: STAFF,
    summary: 'Hand the prize over, the person’s identity being checked',
    status: 200,
    answer: ClaimOutcomeResponse,
    errors: [...HAND_OVER_ERRORS, 'IDENTITY_NOT_CHECKED', 'STORE_NOT_FOUND', 'STORE_INACTIVE'],
  })
  async validate(
    @CurrentAccount() account: Account,
    @Param('code') code: string,
    @Body() body: ValidateClaimRequest,
  ): Promise<ClaimOutcomeResponse> {
    return this.claims.validate(account, code, body);
  }

  @Post(':code/refuse')
  @ApiParam(CODE)
  @Endpoint({
    access: STAFF,
    summary: 'Record that the prize was not handed over; the ticket stays pending',
    status: 201,
    answer: ClaimOutcomeResponse,
    errors: HAND_OVER_ERRORS,
  })
  async refuse(
    @CurrentAccount() account: Account,
    @Param('code') code: string,
    @Body() body: RefuseClaimRequest,
  ): Promise<ClaimOutcomeResponse> {
    return this.claims.refuse(account, code, body);
  }

  @Post(':code/undo')
  @ApiParam(CODE)
  @Endpoint({
    access: ['admin'],
    summary: 'Take a hand-over back; the history keeps it',
    status: 200,
    answer: ClaimOutcomeResponse,
    errors: ['TICKET_NOT_FOUND', 'TICKET_NOT_CLAIMED'],
  })
  async undo(
    @CurrentAccount() account: Account,
    @Param('code') code: string,
    @Body() body: UndoClaimRequest,
  ): Promise<ClaimOutcomeResponse> {
    return this.claims.undo(account, code, body);
  }
}
