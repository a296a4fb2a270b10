import { type ValidationError, ValidationPipe } from '@nestjs/common';
import { type FieldProblem, ValidationFailed } from '@tiptop/platform';

/** Checks bodies and queries against their classes; what they don't name is refused. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new ValidationFailed(errors.flatMap((error) => fieldProblems(error, ''))),
  });
}

function fieldProblems(error: ValidationError, parent: string): FieldProblem[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const broken = Object.keys(error.constraints ?? {});
  // One is enough for a person: rather what the field must be (isString) than how long what is none of it should be.
  const message = broken.find((constraint) => constraint.startsWith('is')) ?? broken[0];
  const own = message === undefined ? [] : [{ path: path === 'undefined' ? '' : path, message }];
  return [...own, ...(error.children ?? []).flatMap((child) => fieldProblems(child, path))];
}
