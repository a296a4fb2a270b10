import type { OpenAPIObject } from '@nestjs/swagger';

const REFERENCE = /^#\/components\/schemas\/(.+)$/;

/** Says of every request body what the validation does: fields that are not named are refused. */
export function closeRequestBodies(document: OpenAPIObject): void {
  const schemas = document.components?.schemas ?? {};
  for (const item of Object.values(document.paths)) {
    for (const operation of [item.put, item.post, item.patch, item.delete]) {
      const body = operation?.requestBody;
      const schema = body && 'content' in body ? body.content['application/json']?.schema : undefined;
      const name = schema && '$ref' in schema ? REFERENCE.exec(schema.$ref)?.[1] : undefined;
      const found = name === undefined ? undefined : schemas[name];
      if (found && !('$ref' in found)) found.additionalProperties = false;
    }
  }
}
