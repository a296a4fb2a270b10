import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { type Account, CurrentAccount, Endpoint } from '@tiptop/auth';
import { BackupBrowsingService } from './backup-browsing.service';
import { BackupRequestsService } from './backup-requests.service';
import { BackupDetailResponse } from './dto/backup-detail.response';
import { BackupItemResponse, BackupListResponse } from './dto/backup-list.response';
import { BackupsQuery } from './dto/backups.query';
import { StartBackupRequest } from './dto/start-backup.request';

@ApiTags('Operations')
@Controller('ops/backups')
export class BackupsController {
  constructor(
    private readonly backups: BackupBrowsingService,
    private readonly requests: BackupRequestsService,
  ) {}

  @Get()
  @Endpoint({
    access: ['admin'],
    summary: 'Backups as they were tried, the newest first',
    description: 'Those that failed as well. What can be restored now is told by the copies of each.',
    status: 200,
    answer: BackupListResponse,
  })
  async list(@Query() query: BackupsQuery): Promise<BackupListResponse> {
    return this.backups.list(query);
  }

  @Post()
  @Endpoint({
    access: ['admin'],
    summary: 'Have a backup made',
    description: 'Begun within a minute by the instance that makes backups; how far it is, is told under its id.',
    status: 202,
    answer: BackupItemResponse,
    errors: ['OPERATION_UNDER_WAY'],
  })
  async start(@CurrentAccount() account: Account, @Body() { kind }: StartBackupRequest): Promise<BackupItemResponse> {
    return this.requests.request(account, kind);
  }

  @Get(':id')
  @ApiParam({ name: 'id', description: 'Of the backup.', example: 'daily-20261122T020000Z' })
  @Endpoint({
    access: ['admin'],
    summary: 'A backup: steps, sizes, checksums, verdicts and report',
    status: 200,
    answer: BackupDetailResponse,
    errors: ['BACKUP_NOT_FOUND'],
  })
  async get(@Param('id') id: string): Promise<BackupDetailResponse> {
    return this.backups.get(id);
  }
}
