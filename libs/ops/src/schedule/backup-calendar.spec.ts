import { opsConfig } from '../../../../test/support/ops-config';
import { BackupCalendar } from './backup-calendar';
import { CronSlots } from './cron-slots';

const calendar = (backupCron: string): BackupCalendar => new BackupCalendar(opsConfig({ backupCron }));
const nightly = calendar('0 2 * * *');
const at = (text: string): Date => new Date(text);

describe('BackupCalendar', () => {
  it.each([
    ['2026-11-22T01:59:59.999Z', '2026-11-21T02:00:00Z', '2026-11-22T02:00:00Z'],
    ['2026-11-22T02:00:00.000Z', '2026-11-22T02:00:00Z', '2026-11-23T02:00:00Z'],
    ['2026-11-22T02:00:00.001Z', '2026-11-22T02:00:00Z', '2026-11-23T02:00:00Z'],
    // The nights in which clocks in Paris are changed have one 02:00 in UTC, as any other.
    ['2026-03-29T12:00:00Z', '2026-03-29T02:00:00Z', '2026-03-30T02:00:00Z'],
    ['2026-10-25T01:30:00Z', '2026-10-24T02:00:00Z', '2026-10-25T02:00:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-28T02:00:00Z', '2024-02-29T02:00:00Z'],
    ['2027-01-01T00:00:00Z', '2026-12-31T02:00:00Z', '2027-01-01T02:00:00Z'],
  ])('at %s the last slot is %s and the next one %s', (now, latest, next) => {
    expect(nightly.latest(at(now))).toEqual(at(latest));
    expect(nightly.next(at(now))).toEqual(at(next));
  });

  it.each([
    ['*/20 * * * *', '2026-11-22T02:19:59Z', '2026-11-22T02:00:00Z', '2026-11-22T02:20:00Z'],
    ['30 1 * * 1-5', '2026-11-22T12:00:00Z', '2026-11-20T01:30:00Z', '2026-11-23T01:30:00Z'],
    ['0 2 1 1 *', '2026-11-22T12:00:00Z', '2026-01-01T02:00:00Z', '2027-01-01T02:00:00Z'],
    ['0 2 29 2 *', '2026-11-22T12:00:00Z', '2024-02-29T02:00:00Z', '2028-02-29T02:00:00Z'],
  ])('reads %s', (line, now, latest, next) => {
    expect(calendar(line).latest(at(now))).toEqual(at(latest));
    expect(calendar(line).next(at(now))).toEqual(at(next));
  });

  it('goes through every slot once, in both directions', () => {
    const slots = new CronSlots('15 */6 * * *', 'BACKUP_CRON');
    let slot = at('2026-02-27T18:15:00Z');
    for (let n = 0; n < 24; n++) {
      const next = slots.next(slot)!;
      expect(next.getTime() - slot.getTime()).toBe(6 * 3_600_000);
      expect(slots.latest(new Date(next.getTime() - 1))).toEqual(slot);
      slot = next;
    }
  });

  it.each([
    ['2026-11-01T02:00:00Z', 'monthly'],
    // A Sunday as well.
    ['2026-02-01T02:00:00Z', 'monthly'],
    ['2026-11-22T02:00:00Z', 'weekly'],
    ['2026-11-22T23:59:00Z', 'weekly'],
    ['2026-11-23T00:00:00Z', 'daily'],
    ['2026-11-30T23:59:00Z', 'daily'],
  ])('makes of %s a backup that is %s', (slot, kind) => {
    expect(nightly.kindOf(at(slot))).toBe(kind);
  });

  it.each([
    ['0 25 * * *', 'BACKUP_CRON is no cron line'],
    ['a b c d e', 'BACKUP_CRON is no cron line'],
    ['0 2 30 2 *', 'BACKUP_CRON names a time that never comes'],
  ])('refuses %s', (line, message) => {
    expect(() => calendar(line)).toThrow(message);
  });
});
