import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { Endpoint } from '../access/endpoint.decorator';
import { SessionResponse } from '../sign-in/dto/session.response';

/** Codes of what may keep somebody out whom a provider has vouched for. */
export const SIGN_IN_ERRORS = [
  'PROFILE_INCOMPLETE',
  'TERMS_NOT_ACCEPTED',
  'UNDERAGE',
  'SECOND_FACTOR_REQUIRED',
  'INVALID_SECOND_FACTOR',
  'ACCOUNT_ARCHIVED',
  'EMAIL_TAKEN',
  'TOO_MANY_ATTEMPTS',
];

const GO_ON = {
  status: 302,
  description: 'Where the browser goes next.',
  headers: { Location: { schema: { type: 'string' as const, format: 'uri' } } },
};

/** GET /v1/auth/{provider} */
export function BeginEndpoint(name: string): MethodDecorator {
  return applyDecorators(
    Endpoint({
      access: 'public',
      summary: `Send the browser to ${name} to sign in`,
      description: 'To be opened by the browser itself, not by a script: it sets a cookie that the way back needs.',
      status: 302,
      errors: ['RETURN_URL_NOT_ALLOWED', 'OAUTH_UNAVAILABLE'],
    }),
    ApiResponse(GO_ON),
  );
}

/** GET /v1/auth/{provider}/callback */
export function CallbackEndpoint(name: string): MethodDecorator {
  return applyDecorators(
    Endpoint({
      access: 'public',
      summary: `Where ${name} sends the browser back to`,
      description:
        'Goes on to the return address with `#code=…` for POST /v1/auth/exchange, or with `#error=…`. A client that does not accept HTML is answered errors as they are, and a session where no return address is configured.',
      status: 200,
      answer: SessionResponse,
      errors: [
        'OAUTH_REFUSED',
        'OAUTH_UNAVAILABLE',
        'ACCOUNT_ARCHIVED',
        'EMAIL_TAKEN',
        // Where no return address is configured, and nothing can be asked.
        'PROFILE_INCOMPLETE',
        'SECOND_FACTOR_REQUIRED',
      ],
    }),
    ApiResponse(GO_ON),
  );
}

/** POST /v1/auth/{provider}/token */
export function TokenEndpoint(name: string, token: string): MethodDecorator {
  return Endpoint({
    access: 'public',
    summary: `Sign in with ${token} that ${name} gave to a mobile client`,
    description: 'On PROFILE_INCOMPLETE or SECOND_FACTOR_REQUIRED, send the same token again with what is asked for.',
    status: 200,
    answer: SessionResponse,
    errors: ['OAUTH_REFUSED', 'OAUTH_UNAVAILABLE', ...SIGN_IN_ERRORS],
  });
}
