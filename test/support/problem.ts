import type { ApiResponse } from './api-client';
import type { ProblemBody } from './builders';

/** Asserts that an answer is a problem as the contract describes it, of a given status and code. */
export function expectProblem(answer: ApiResponse, status: number, code: string): ProblemBody {
  const body = answer.body as ProblemBody;
  expect({ status: answer.status, code: body.code }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/);
  expect(body).toMatchObject({
    type: `urn:tiptop:problem:${code}`,
    status,
    title: expect.stringMatching(/\S/) as string,
    detail: expect.stringMatching(/\S/) as string,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(body.detail).not.toMatch(/[{}]|undefined/);
  const allowed = ['type', 'title', 'status', 'detail', 'code', 'requestId', 'errors'];
  expect(Object.keys(body).filter((key) => !allowed.includes(key))).toEqual([]);
  return body;
}

/** Asserts that an answer is 400 VALIDATION_FAILED and names exactly these fields. */
export function expectInvalid(answer: ApiResponse, ...paths: string[]): ProblemBody {
  const body = expectProblem(answer, 400, 'VALIDATION_FAILED');
  expect((body.errors ?? []).map(({ path }) => path).sort()).toEqual([...paths].sort());
  for (const { message } of body.errors ?? []) expect(message).toMatch(/\S/);
  return body;
}

/** How many answers there are of each kind: `200`, or status and code of a problem. */
export function tally(answers: readonly ApiResponse[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const { code } = (body ?? {}) as Partial<ProblemBody>;
    const kind = status < 400 ? status.toString() : `${status} ${code ?? '?'}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
