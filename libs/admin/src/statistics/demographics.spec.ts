import { bandOf, demographicsOf } from './demographics';

describe('bandOf', () => {
  it.each([
    [0, '0-17'],
    [17, '0-17'],
    [18, '18-24'],
    [24, '18-24'],
    [25, '25-34'],
    [34, '25-34'],
    [35, '35-44'],
    [44, '35-44'],
    [45, '45-54'],
    [54, '45-54'],
    [55, '55-64'],
    [64, '55-64'],
    [65, '65+'],
    [110, '65+'],
    [null, 'unknown'],
  ] as const)('%p years are in %s', (age, band) => {
    expect(bandOf(age)).toBe(band);
  });
});

describe('demographicsOf', () => {
  it('counts everybody once by gender and once by age, and names the groups in which nobody is', () => {
    const { gender, age } = demographicsOf([
      { gender: 'female', age: 30, n: 4 },
      { gender: 'female', age: 31, n: 2 },
      { gender: null, age: 30, n: 1 },
      { gender: 'other', age: null, n: 8 },
    ]);
    expect(gender).toEqual({ female: 6, male: 0, other: 8, unknown: 1 });
    expect(age).toEqual({
      '0-17': 0,
      '18-24': 0,
      '25-34': 7,
      '35-44': 0,
      '45-54': 0,
      '55-64': 0,
      '65+': 0,
      unknown: 8,
    });
  });
});
