import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Language, preferredLanguage } from '@tiptop/platform';

/** Where a request comes from. */
export interface Origin {
  /** IP address; the client's own behind trusted proxies. */
  address: string;
  userAgent: string | undefined;
  /** That the client asks to be answered in. */
  language: Language;
}

/** The origin of the request. Not by Nest's Headers(), which the API's document would show as parameters to be sent. */
export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin => {
  const { ip, headers } = context
    .switchToHttp()
    .getRequest<{ ip: string; headers: Record<string, string | undefined> }>();
  return { address: ip, userAgent: headers['user-agent'], language: preferredLanguage(headers['accept-language']) };
});
