import { type ValidationError, ValidationPipe } from '@nestjs/common';
import { type FieldProblem, ValidationFailed } from '@tiptop/platform';

/** Checks bodies and queries against their classes; what they don't name is refused. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => new ValidationFailed(errors.flatMap((error) => fieldProblems(error, ''))),
  });
}

function fieldProblems(error: ValidationError, parent: string): FieldProblem[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.keys(error.constraints ?? {}).map((message) => ({
    path: path === 'undefined' ? '' : path,
    message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldProblems(child, path))];
}
