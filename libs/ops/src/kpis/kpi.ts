export const KPI_NAMES = ['rto', 'rpo', 'mttr', 'deployFrequency', 'deploySuccessRate'] as const;
export type KpiName = (typeof KPI_NAMES)[number];

export const KPI_UNITS = ['minutes', 'hours', 'per day', 'percent'] as const;
export type KpiUnit = (typeof KPI_UNITS)[number];

/** A figure, and whether it is good enough. */
export interface Kpi {
  /** With two decimals; null where there is nothing to count. */
  value: number | null;
  unit: KpiUnit;
  /** An upper limit of times, a lower one of deployments. */
  target: number;
  /** Null where there is nothing to judge. */
  met: boolean | null;
  /** For a person: what was counted, and since when. */
  from: string;
}

export type KpiSet = Readonly<Record<KpiName, Kpi>>;

/** What figures are about. */
export interface Period {
  environment: string;
  since: Date;
  now: Date;
}

export function twoDecimals(value: number): number {
  return Math.round(value * 100) / 100;
}

/** @example plural(1, 'deployment') === '1 deployment' */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
