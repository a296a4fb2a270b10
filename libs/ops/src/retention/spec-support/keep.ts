import type { OpsConfig } from '@tiptop/platform';

/** The defaults of the settings. */
export const KEEP: OpsConfig['keep'] = {
  dailyDays: 7,
  weeklyWeeks: 4,
  monthlyMonths: 12,
  preDeploy: 5,
  localDays: 30,
  remoteDays: 90,
  floor: 2,
  removeAtMost: 20,
};
