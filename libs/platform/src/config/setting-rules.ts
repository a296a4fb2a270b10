import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationOptions } from 'class-validator';

/** Reads a comma-separated list. */
export const list = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : value,
);

/** A field that a function of its text judges; what it must be is told by the options' message. */
export function Fulfils(test: (text: string) => boolean, options: ValidationOptions): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && test(value);
  return ValidateBy({ name: 'fulfils', validator: { validate } }, options);
}

export function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text);
}

export function isCronLine(text: string): boolean {
  return /^\S+( \S+){4}$/.test(text);
}
