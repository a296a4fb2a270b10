import { clockDistrust } from './clock-trust';
import type { KnownBackup, LoneArchive } from './known-backup';
import { KeepingRules } from './keeping-rules';
import type { PlacePlan, RetentionDecision } from './retention-plan';
import type { RetentionQuestion, Verdict } from './retention-question';

export type RetentionAnswer = Pick<PlacePlan, 'refused' | 'newestVerified' | 'decisions'>;

/**
 * Says of each backup of a place whether it stays, and why. It asks nobody: no clock, no disk, no store. Ages are days in UTC
 * before the newest verified backup.
 */
export function planRetention(question: RetentionQuestion): RetentionAnswer {
  const { backups, loneArchives = [], now, told, keep } = question;
  const rules = new KeepingRules(question);
  const refused = clockDistrust(now, backups, told);
  const decisions = [
    ...backups.map((backup) => decided(backup, rules.judge(backup))),
    ...loneArchives.map((archive) => decided(archive, rules.judgeLone(archive), true)),
  ].sort((a, b) => (a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at < b.at ? 1 : -1));
  return {
    refused,
    newestVerified: rules.newest?.id ?? null,
    decisions: refused === null ? limited(decisions, keep.removeAtMost) : decisions.map((one) => stopped(one, refused)),
  };
}

function decided(
  { id, kind, at, bytes }: KnownBackup | LoneArchive,
  { keep, why }: Verdict,
  leftover = false,
): RetentionDecision {
  const decision = keep.length > 0 ? 'keep' : 'remove';
  const reasons = decision === 'keep' ? keep : why;
  return { id, kind, at: at.toISOString(), bytes, decision, reasons: [...reasons], leftover, deferred: false };
}

/** @param decisions newest first */
function limited(decisions: readonly RetentionDecision[], most: number): RetentionDecision[] {
  const due = decisions.filter(({ decision }) => decision === 'remove');
  const deferred = new Set(due.slice(0, Math.max(0, due.length - most)));
  return decisions.map((one) => {
    if (!deferred.has(one)) return one;
    const until = `until the next run: at most ${most} are removed at once`;
    return { ...one, decision: 'keep', deferred: true, reasons: [until, ...one.reasons] };
  });
}

function stopped(decision: RetentionDecision, refused: string): RetentionDecision {
  if (decision.decision === 'keep') return decision;
  return { ...decision, decision: 'keep', reasons: [`nothing is removed: ${refused}`, ...decision.reasons] };
}
