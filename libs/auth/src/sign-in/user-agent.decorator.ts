import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/**
 * The User-Agent header. Not Nest's Headers(), which the API's document would show as a parameter that every client must
 * send.
 */
export const UserAgent = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined =>
    context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>().headers['user-agent'],
);
