import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { decodeCursor, type KeysetPosition, type OpsEnvironment, toPage, ValidationFailed } from '@tiptop/platform';
import { isUUID } from 'class-validator';
import { Repository } from 'typeorm';
import { Deployment } from '../deployments/records/deployment.entity';
import { durationSeconds, recoverySeconds } from '../deployments/records/deployment-times';
import type {
  DeploymentDetailResponse,
  DeploymentItemResponse,
  DeploymentListResponse,
} from './dto/deployment.response';
import type { DeploymentsQuery } from './dto/deployments.query';
import { DeploymentNotFound } from './ops.errors';

/** What administrators see of deployments and rollbacks, as this database knows them. */
@Injectable()
export class DeploymentBrowsingService {
  constructor(@InjectRepository(Deployment) private readonly deployments: Repository<Deployment>) {}

  /** The newest first. */
  async list({ environment, kind, status, limit, cursor }: DeploymentsQuery): Promise<DeploymentListResponse> {
    const query = this.deployments.createQueryBuilder('d').orderBy({ 'd.startedAt': 'DESC', 'd.id': 'DESC' });
    if (environment !== undefined) query.andWhere({ environment });
    if (kind !== undefined) query.andWhere({ kind });
    if (status !== undefined) query.andWhere({ status });
    if (cursor !== undefined) {
      const { at, id } = positionOf(cursor);
      query.andWhere('(d.started_at, d.id) < (:at, :id)', { at, id });
    }
    const rows = await query.limit(limit + 1).getMany();
    return toPage(rows, limit, ({ startedAt, id }) => ({ at: startedAt, id }), toItem);
  }

  /** @throws DeploymentNotFound */
  async get(id: string): Promise<DeploymentDetailResponse> {
    const row = isUUID(id) ? await this.deployments.findOneBy({ id }) : null;
    if (!row) throw new DeploymentNotFound();
    const { release, previous, snapshot, failureNoticedAt, recoveredAt } = row;
    const item: Pick<DeploymentItemResponse, keyof DeploymentItemResponse> = toItem(row);
    return {
      ...item,
      release,
      previous,
      snapshot,
      failureNoticedAt: failureNoticedAt?.toISOString() ?? null,
      recoveredAt: recoveredAt?.toISOString() ?? null,
    };
  }
}

function positionOf(cursor: string): KeysetPosition {
  const position = decodeCursor(cursor);
  // One that another list gave out.
  if (!isUUID(position.id)) throw new ValidationFailed([{ path: 'cursor', message: 'cursor' }]);
  return position;
}

function toItem(row: Deployment): DeploymentItemResponse {
  const { id, environment, kind, status, actor, tag, version, revision, step, steps, warnings, reason } = row;
  return {
    ...{ id, environment: environment as OpsEnvironment, kind, status, by: actor, tag, version, revision },
    startedAt: row.startedAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
    durationSeconds: durationSeconds(row),
    recoverySeconds: recoverySeconds(row),
    ...{ step, steps, warnings, reason },
  };
}
