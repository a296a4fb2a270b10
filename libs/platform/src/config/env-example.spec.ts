import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { getMetadataStorage } from 'class-validator';
import { Environment } from './environment';

/** Of the tools in this folder, not of the service. */
const OF_OTHERS = ['BENCH_TICKETS'];
/** What the example shows is what the service takes in place of nothing. */
const TAKEN_FOR_NOTHING: Readonly<Record<string, string>> = { HOST: '127.0.0.1' };

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');
  const examples = new Map(
    [...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

  it('names every setting once, and nothing that is none', () => {
    const rules = getMetadataStorage().getTargetValidationMetadatas(Environment, '', false, false);
    const settings = new Set(rules.map(({ propertyName }) => propertyName));
    expect(settings.size).toBeGreaterThan(80);
    expect([...settings].filter((name) => !examples.has(name))).toEqual([]);
    expect([...examples.keys()].filter((name) => !settings.has(name) && !OF_OTHERS.includes(name))).toEqual([]);
    const named = [...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
    expect(named).toHaveLength(examples.size);
  });

  it('shows the defaults as they are', () => {
    const defaults = Object.entries(new Environment() as unknown as Record<string, unknown>).filter(
      ([, value]) => typeof value === 'number' || (typeof value === 'string' && value !== ''),
    );
    expect(defaults.length).toBeGreaterThan(50);
    for (const [name, value] of defaults) expect([name, examples.get(name)]).toEqual([name, String(value)]);
    for (const [name, value] of Object.entries(TAKEN_FOR_NOTHING)) expect(examples.get(name)).toBe(value);
  });

  it('says something of each, and switches nothing on by being copied', () => {
    for (const paragraph of text.split(/\n\n+/)) expect(paragraph).toMatch(/^# \S/m);
    expect([...examples].filter(([name]) => new RegExp(`^${name}=`, 'm').test(text))).toEqual([]);
  });
});
