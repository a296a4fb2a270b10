import { Controller, Get, Res, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { type HealthCheckResult, HealthCheckService, TypeOrmHealthIndicator } from '@nestjs/terminus';
import { Endpoint } from '@tiptop/auth';
import { BackupHealth } from '@tiptop/ops';
import type { FastifyReply } from 'fastify';
import { HealthResponse } from './health.response';

const DATABASE_TIMEOUT_MS = 2000;

@ApiTags('Health')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: TypeOrmHealthIndicator,
    private readonly backup: BackupHealth,
  ) {}

  @Get()
  @Endpoint({ access: 'public', summary: 'Whether the service can serve', status: 200, answer: HealthResponse })
  @ApiResponse({ status: 503, description: 'It can’t: a dependency is down.', type: HealthResponse })
  async get(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return this.check(reply);
  }

  @Get('live')
  @Endpoint({ access: 'public', summary: 'Whether the process is alive', status: 200, answer: HealthResponse })
  live(): HealthResponse {
    return { status: 'ok', checks: {} };
  }

  @Get('ready')
  @Endpoint({ access: 'public', summary: 'Whether the dependencies are ready', status: 200, answer: HealthResponse })
  @ApiResponse({ status: 503, description: 'A dependency is down.', type: HealthResponse })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return this.check(reply);
  }

  private async check(reply: FastifyReply): Promise<HealthResponse> {
    try {
      const result = await this.health.check([
        () => this.database.pingCheck('database', { timeout: DATABASE_TIMEOUT_MS }),
      ]);
      return withBackup(toResponse('ok', result), await this.backup.check());
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      void reply.status(503);
      return toResponse('error', error.getResponse() as HealthCheckResult);
    }
  }
}

/** Names and states only: what went wrong with a dependency stands in the log. */
function toResponse(status: HealthResponse['status'], { details }: HealthCheckResult): HealthResponse {
  const checks = Object.entries(details).map(([name, { status: state }]) => [name, state]);
  return { status, checks: Object.fromEntries(checks) as Record<string, string> };
}

/** A backup that is too old has to be looked at, and keeps nobody from playing. */
function withBackup({ status, checks }: HealthResponse, backup: 'up' | 'degraded'): HealthResponse {
  return { status: backup === 'up' ? status : backup, checks: { ...checks, backup } };
}
