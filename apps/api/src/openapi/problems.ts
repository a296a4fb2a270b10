import type { OpenAPIObject } from '@nestjs/swagger';
import type { Language } from '@tiptop/platform';
import { buildProblem, type Problem } from '../http/problem';
import { type ProblemCode, PROBLEMS } from '../http/problem-catalogue';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  'x-access'?: string | string[];
  'x-error-codes'?: ProblemCode[];
};

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;
const EXAMPLE_REQUEST_ID = '0b8f9d52-6c0e-4f0a-9a53-6f0b6a1f4d10';
const EXAMPLE_PARAMETERS = { seconds: 60, age: 18, lines: 3 };

/** Adds to each operation its own errors and those that every call of its kind may answer, from the one catalogue. */
export function addProblems(document: OpenAPIObject): void {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (operation) addResponses(path, operation);
    }
  }
}

function addResponses(path: string, operation: Operation): void {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set([...(operation['x-error-codes'] ?? []), ...commonCodes(path, operation)])) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    // Health answers 503 with a body of its own.
    if (operation.responses[status]) continue;
    operation.responses[status] = {
      description: codes.map((code) => `${code}: ${example(code, 'en').detail}`).join('\n\n'),
      ...(status === 429 || status === 503
        ? { headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } } }
        : {}),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(codes.map((code) => [code, { value: example(code, 'fr') }])),
        },
      },
    };
  }
  delete operation['x-error-codes'];
}

function commonCodes(path: string, operation: Operation): ProblemCode[] {
  const codes: ProblemCode[] = ['INTERNAL_ERROR'];
  if (path.startsWith('/health')) return codes;
  codes.push('DATABASE_UNAVAILABLE', 'SHUTTING_DOWN');
  const takesInput = operation.requestBody !== undefined || (operation.parameters ?? []).length > 0;
  if (takesInput) codes.push('VALIDATION_FAILED');
  if (operation.requestBody !== undefined) codes.push('PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  const access = operation['x-access'];
  if (access !== 'public') codes.push('UNAUTHENTICATED', 'ACCOUNT_ARCHIVED');
  if (Array.isArray(access)) codes.push('FORBIDDEN');
  if (Array.isArray(access) && access.includes('admin')) codes.push('SECOND_FACTOR_SETUP_REQUIRED');
  return codes;
}

function example(code: ProblemCode, language: Language): Problem {
  const withFields = code === 'VALIDATION_FAILED' ? { fields: [{ path: 'code', message: 'isString' }] } : {};
  return buildProblem(code, language, EXAMPLE_REQUEST_ID, { params: EXAMPLE_PARAMETERS, ...withFields });
}
