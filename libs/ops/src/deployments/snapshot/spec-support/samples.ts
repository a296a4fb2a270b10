import type { PinnedImage, Release } from '../../release';
import { type RollbackPoint, ROLLBACK_POINT_VERSION } from '../rollback-point';

/** `sha256:` and the same digit throughout. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

export const BACKEND = 'registry.example:5000/backend';
export const FRONTEND = 'registry.example:5000/frontend';

/** @param digit of its id and its digest */
export function sampleImage(repository: string, digit: string): PinnedImage {
  return { repository, digest: digestOf(digit), id: digestOf(digit), version: `1.0.${digit}`, revision: null };
}

/** One whose frontend never changes. */
export function sampleRelease(digit: string): Release {
  return { backend: sampleImage(BACKEND, digit), frontend: sampleImage(FRONTEND, 'f') };
}

/** Of a day in November 2026. */
export function samplePoint(day: number, release: Release, changes: Partial<RollbackPoint> = {}): RollbackPoint {
  const two = String(day).padStart(2, '0');
  return {
    version: ROLLBACK_POINT_VERSION,
    tag: `backup-202611${two}-020000`,
    at: `2026-11-${two}T02:00:00.000Z`,
    environment: 'prod',
    deployment: '11111111-1111-4111-8111-111111111111',
    release,
    database: {
      backup: `pre-deploy-202611${two}T020000Z`,
      sha256: 'a'.repeat(64),
      migration: 'Deployments1795700000000',
      serverVersion: '15.18',
    },
    sumsSha256: 'b'.repeat(64),
    warnings: [],
    ...changes,
  };
}
