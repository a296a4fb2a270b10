import { Body, Controller, Get, Param, Patch, Post, Query, type StreamableFile } from '@nestjs/common';
import { ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { PageQuery } from '@tiptop/platform';
import { ContestAdministration } from './contest-administration.service';
import { AdminContestReader } from './contest-reader';
import { AdminContestListResponse, AdminContestResponse } from './dto/admin-contest.response';
import { CodesQuery } from './dto/codes.query';
import { CreateContestRequest } from './dto/create-contest.request';
import { UpdateContestRequest } from './dto/update-contest.request';

const ID = { name: 'id', description: 'Of the contest.' };

@ApiTags('Administration')
@Controller('admin/contests')
export class AdminContestsController {
  constructor(
    private readonly contests: ContestAdministration,
    private readonly reader: AdminContestReader,
  ) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'All contests, the newest first',
    status: 200,
    answer: AdminContestListResponse,
  })
  async list(@Query() query: PageQuery): Promise<AdminContestListResponse> {
    return this.reader.list(query);
  }

  @Post()
  @Endpoint({
    access: ['admin'],
    summary: 'Plan a contest',
    description: 'It has no tickets yet: those are made by a print run.',
    status: 201,
    answer: AdminContestResponse,
    errors: ['CONTEST_SLUG_TAKEN'],
  })
  async create(@CurrentAccount() account: Account, @Body() body: CreateContestRequest): Promise<AdminContestResponse> {
    return this.contests.create(account, body);
  }

  @Get(':id')
  @ApiParam(ID)
  @Endpoint({
    access: ['admin'],
    summary: 'A contest with its prizes, tickets and deck',
    status: 200,
    answer: AdminContestResponse,
    errors: ['CONTEST_NOT_FOUND'],
  })
  async get(@Param('id') id: string): Promise<AdminContestResponse> {
    return this.reader.get(id);
  }

  @Patch(':id')
  @ApiParam(ID)
  @Endpoint({
    access: ['admin'],
    summary: 'Change a contest as far as that breaks nothing',
    description:
      'All of the changes or none. While a contest with tickets runs, its beginning is final, and the end of the claims ' +
      'and the values of prizes can only be raised; names can always be corrected. Once it is over its dates are final. ' +
      'Once tickets exist, which prizes there are and their weights are final. `errors` names the fields at fault.',
    status: 200,
    answer: AdminContestResponse,
    errors: ['CONTEST_NOT_FOUND', 'CONTEST_RUNNING', 'CONTEST_OVER', 'DECK_SEALED', 'PRINT_RUN_UNDER_WAY'],
  })
  async update(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Body() body: UpdateContestRequest,
  ): Promise<AdminContestResponse> {
    return this.contests.update(account, id, body);
  }

  @Get(':id/codes')
  @ApiParam(ID)
  @Endpoint({
    access: ['admin'],
    summary: 'The codes that nobody has played, as a file',
    description: 'For the printer. In an order that tells nothing of when they were made.',
    status: 200,
    errors: ['CONTEST_NOT_FOUND'],
  })
  @ApiResponse({
    status: 200,
    description: 'The codes that nobody has played, as a file',
    headers: { 'Content-Disposition': { description: 'attachment, with a file name.', schema: { type: 'string' } } },
    content: { 'text/csv': { schema: { type: 'string', format: 'binary' } } },
  })
  async codes(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() _query: CodesQuery,
  ): Promise<StreamableFile> {
    return this.contests.unplayedCodes(account, id);
  }
}
