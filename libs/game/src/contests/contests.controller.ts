import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Endpoint } from '@tiptop/auth';
import { NoContest } from './contest.errors';
import { ContestRegistry } from './contest-registry';
import { ContestResponse, toContestResponse } from './dto/contest.response';

@ApiTags('Game')
@Controller('contest')
export class ContestsController {
  constructor(private readonly registry: ContestRegistry) {}

  @Get()
  @Endpoint({
    access: 'public',
    summary: 'The current contest',
    description: 'The one that is open; else the next one; else the last one.',
    status: 200,
    answer: ContestResponse,
    errors: ['NO_CONTEST'],
  })
  async current(): Promise<ContestResponse> {
    const current = await this.registry.current();
    if (!current) throw new NoContest();
    return toContestResponse(current);
  }
}
