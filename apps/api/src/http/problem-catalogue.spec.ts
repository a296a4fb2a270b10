import 'reflect-metadata';
import { fieldMessage } from './field-messages';
import { buildProblem } from './problem';
import { type ProblemCode, PROBLEMS } from './problem-catalogue';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();

describe('The catalogue of problems', () => {
  it.each(CODES)('%s speaks both languages, in sentences, with the same gaps', (code) => {
    const { status, fr, en } = PROBLEMS[code];
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    for (const { title, detail } of [fr, en]) {
      expect(title).toMatch(/^\p{Lu}[^.]+$/u);
      expect(detail).toMatch(/^\p{Lu}.*[.?!]$/u);
    }
    expect(fr.detail).not.toBe(en.detail);
    expect(placeholders(fr.detail)).toEqual(placeholders(en.detail));
  });

  it('fills the gaps, and leaves none open', () => {
    const problem = buildProblem('TOO_MANY_ATTEMPTS', 'en', 'r-1', { params: { seconds: 42 } });
    expect(problem).toEqual({
      type: 'urn:tiptop:problem:TOO_MANY_ATTEMPTS',
      title: 'Too many attempts',
      status: 429,
      detail: 'Too many failed attempts: try again in 42 seconds.',
      code: 'TOO_MANY_ATTEMPTS',
      requestId: 'r-1',
    });
    expect(buildProblem('TOO_MANY_ATTEMPTS', 'fr', 'r-1').detail).not.toContain('{');
  });

  it('tells fields in the language of the answer, and of unknown constraints that they are broken', () => {
    const fields = [
      { path: 'email', message: 'isEmail' },
      { path: 'x', message: 'someOtherConstraint' },
    ];
    expect(buildProblem('VALIDATION_FAILED', 'fr', 'r', { fields }).errors).toEqual([
      { path: 'email', message: 'doit être une adresse e-mail' },
      { path: 'x', message: 'n’est pas valable' },
    ]);
    expect(fieldMessage('toString', 'en')).toBe('is not valid');
    expect(fieldMessage('isEmail', 'en')).toBe('must be an e-mail address');
  });
});
