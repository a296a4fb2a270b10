import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Account } from './account';

/** The calling account, put on the request by the guard. Only for handlers that are not public. */
export const CurrentAccount = createParamDecorator((_: unknown, context: ExecutionContext): Account => {
  const { user } = context.switchToHttp().getRequest<{ user?: Account }>();
  if (!user) throw new Error('CurrentAccount on a public handler');
  return user;
});
