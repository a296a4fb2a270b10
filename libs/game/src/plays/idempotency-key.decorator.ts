import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ValidationFailed } from '@tiptop/platform';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * The Idempotency-Key header, where the client sent one. Not Nest's Headers(), which the API's document would show a
 * second time, as a parameter that every client must send.
 */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
  const key = headers['idempotency-key'];
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
    throw new ValidationFailed([{ path: 'Idempotency-Key', message: 'idempotencyKey' }]);
  }
  return key;
});
