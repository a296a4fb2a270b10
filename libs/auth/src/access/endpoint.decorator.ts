import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiBearerAuth, ApiExtension, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { ROLES, type Role } from './roles';

/** Who may call: everybody, everybody signed in, or those of the listed roles. */
export type AccessRule = 'public' | 'signed-in' | readonly Role[];

/** The access rule of a handler. A handler without one is refused to everybody: see AccessGuard. */
export const Access = Reflector.createDecorator<AccessRule>();

export interface EndpointOptions {
  access: AccessRule;
  /** One line for the API's document. */
  summary: string;
  description?: string;
  /** Status of the answer when all goes well. */
  status: 200 | 201 | 202 | 204 | 302;
  /** Class of that answer's body, in brackets where it is a list of them; none for 204 and 302. */
  answer?: Type | [Type];
  /** Codes of the errors that this call answers of its own; those that every call may answer are added to the document. */
  errors?: readonly string[];
  /** Optional request headers: name and description. */
  headers?: Readonly<Record<string, string>>;
}

/**
 * All that a route says of itself, in one place: access, status, and its part of the API's document. The guard reads
 * the same rule that Swagger shows.
 */
export function Endpoint(options: EndpointOptions): MethodDecorator {
  const { access, answer, status } = options;
  return applyDecorators(
    Access(access),
    HttpCode(status),
    ApiOperation({
      summary: options.summary,
      ...(options.description === undefined ? {} : { description: options.description }),
    }),
    ApiResponse({ status, description: options.summary, ...(answer ? { type: answer } : {}) }),
    ApiExtension('x-access', access === 'public' || access === 'signed-in' ? access : [...access]),
    ApiExtension('x-error-codes', [...(options.errors ?? [])]),
    ...Object.entries(options.headers ?? {}).map(([name, description]) =>
      ApiHeader({ name, description, required: false }),
    ),
    ...(access === 'public' ? [] : [ApiBearerAuth()]),
  );
}

/** Whether a role passes a rule. */
export function mayAccess(rule: AccessRule, role: Role): boolean {
  return rule === 'public' || (rule === 'signed-in' ? ROLES : rule).includes(role);
}
