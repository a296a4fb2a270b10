import type { PeopleCount } from '@tiptop/game';
import type { AgeResponse, GenderResponse } from './dto/statistics.response';

/** The upper end of each band, the eldest left out. */
const BANDS = [
  ['0-17', 17],
  ['18-24', 24],
  ['25-34', 34],
  ['35-44', 44],
  ['45-54', 54],
  ['55-64', 64],
] as const;

export function bandOf(age: number | null): keyof AgeResponse {
  if (age === null) return 'unknown';
  return BANDS.find(([, eldest]) => age <= eldest)?.[0] ?? '65+';
}

/** Everybody once in each of the two. */
export function demographicsOf(people: readonly PeopleCount[]): { gender: GenderResponse; age: AgeResponse } {
  const gender: GenderResponse = { female: 0, male: 0, other: 0, unknown: 0 };
  const age: AgeResponse = {
    '0-17': 0,
    '18-24': 0,
    '25-34': 0,
    '35-44': 0,
    '45-54': 0,
    '55-64': 0,
    '65+': 0,
    unknown: 0,
  };
  for (const { gender: stated, age: years, n } of people) {
    gender[stated ?? 'unknown'] += n;
    age[bandOf(years)] += n;
  }
  return { gender, age };
}
