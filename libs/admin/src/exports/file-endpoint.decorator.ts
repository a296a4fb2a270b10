import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { Endpoint, type EndpointOptions } from '@tiptop/auth';

const FILE = { schema: { type: 'string', format: 'binary' } };
const DISPOSITION = { description: 'attachment, with a file name.', schema: { type: 'string' as const } };

/** An endpoint that administrators download a file from. */
export function FileEndpoint({
  types,
  ...options
}: Omit<EndpointOptions, 'access' | 'status' | 'answer'> & { types: readonly string[] }): MethodDecorator {
  return applyDecorators(
    Endpoint({ ...options, access: ['admin'], status: 200 }),
    ApiResponse({
      status: 200,
      description: options.summary,
      headers: { 'Content-Disposition': DISPOSITION },
      content: Object.fromEntries(types.map((type) => [type, FILE])),
    }),
  );
}
