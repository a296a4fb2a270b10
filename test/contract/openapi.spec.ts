import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { PROBLEMS } from '../../apps/api/src/http/problem-catalogue';
import { createContest, registerCustomer, signInAs, unplayedCodes } from '../support/builders';
import { DocumentedAnswers, startDocumentedApp } from '../support/openapi-match';
import type { TestApp } from '../support/test-app';

interface Schema {
  type?: string | string[];
  $ref?: string;
  enum?: unknown[];
  nullable?: boolean;
  [key: string]: unknown;
}

interface Content {
  schema?: Schema;
  examples?: Record<string, { value: Record<string, unknown> }>;
}

interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, Content> };
  responses: Record<string, { description: string; content?: Record<string, Content>; headers?: object }>;
  'x-access': unknown;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Record<string, string>> };
}

const OPERATION = /^(get|put|post|patch|delete)$/;

describe('The API’s document', () => {
  let test: TestApp;
  let document: Document;
  let operations: [string, Operation][];

  beforeAll(async () => {
    test = await startDocumentedApp();
    document = (await test.client.get<Document>('/openapi.json')).body;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => OPERATION.test(method))
        .map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
    );
  });
  afterAll(async () => {
    await test.stop();
  });

  /** What is wrong with the operations, none of which may be. */
  const faults = (judge: (operation: Operation, name: string) => unknown) =>
    operations.flatMap(([name, operation]) => {
      const fault = judge(operation, name);
      return fault === undefined || fault === false ? [] : [[name, fault]];
    });

  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...structuredClone(document) });
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('covers every call under /v1 and the health calls, each by a name of its own', () => {
    expect(operations.length).toBeGreaterThan(15);
    expect(operations.every(([name]) => /^[A-Z]+ \/(v1\/|health)/.test(name))).toBe(true);
    const names = operations.map(([, { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]\w+_\w+$/.test(name))).toEqual([]);
  });

  it('gives each call a summary and a tag', () => {
    expect(
      faults(({ summary, tags }) => !summary || !/^\p{Lu}.{3,}[^.]$/u.test(summary) || tags?.length !== 1),
    ).toEqual([]);
  });

  it('asks for a token exactly where the call is not public', () => {
    expect(
      faults((operation) => {
        const expected = operation['x-access'] === 'public' ? undefined : [{ bearer: [] }];
        const sound = JSON.stringify(operation.security) === JSON.stringify(expected);
        return sound ? undefined : { security: operation.security };
      }),
    ).toEqual([]);
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document).not.toHaveProperty('security');
  });

  it('describes every error that the code names, and those of every call', () => {
    const named = namedErrors(test);
    expect(named.size).toBe(operations.length);
    for (const [name, operation] of operations) {
      const expected = new Set([...(named.get(operation.operationId) ?? []), 'INTERNAL_ERROR']);
      if (!name.includes('/health')) expected.add('DATABASE_UNAVAILABLE').add('SHUTTING_DOWN');
      if (operation.requestBody) {
        expected.add('VALIDATION_FAILED').add('PAYLOAD_TOO_LARGE').add('UNSUPPORTED_MEDIA_TYPE');
      }
      if (operation['x-access'] !== 'public') expected.add('UNAUTHENTICATED').add('ACCOUNT_ARCHIVED');
      if (Array.isArray(operation['x-access'])) expected.add('FORBIDDEN');
      const described = describedErrors(operation);
      expect([name, [...expected].filter((code) => !described.has(code))]).toEqual([name, []]);
    }
  });

  it('shows each error under its status, as the catalogue has it', () => {
    for (const [name, { responses }] of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        for (const [code, { value }] of Object.entries(content?.['application/problem+json']?.examples ?? {})) {
          expect([name, code, PROBLEMS[code as keyof typeof PROBLEMS].status]).toEqual([name, code, Number(status)]);
          expect(value).toMatchObject({ code, status: Number(status), type: `urn:tiptop:problem:${code}` });
          expect(description).toContain(`${code}: `);
          expect(description + JSON.stringify(value)).not.toMatch(/\{\w+\}/);
        }
      }
    }
  });

  it('tells when to come again wherever an answer says so', () => {
    expect(
      faults(({ responses }, name) =>
        ['429', ...(name.includes('/health') ? [] : ['503'])].find(
          (status) => responses[status] && !JSON.stringify(responses[status].headers).includes('Retry-After'),
        ),
      ),
    ).toEqual([]);
  });

  it('gives each good answer a schema, or none to one without a body', () => {
    expect(
      faults(({ responses }) => {
        const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
        if (good.length !== 1) return 'not one good answer';
        const [[status, { content }]] = good as [[string, Operation['responses'][string]]];
        if (status === '204') return content === undefined ? undefined : 'a body with 204';
        // What was taken on and has nothing to show for it yet.
        if (status === '202' && content === undefined) return undefined;
        const [[type, { schema }] = ['', {} as Content]] = Object.entries(content ?? {});
        if (type !== 'application/json')
          return schema?.format === 'binary' || schema?.type === 'string' ? undefined : 'no schema';
        return (schema?.$ref ?? (schema?.items as Schema | undefined)?.$ref) ? undefined : 'no schema';
      }),
    ).toEqual([]);
  });

  it('has problem+json for every error', () => {
    expect(
      faults(({ responses }, name) =>
        Object.entries(responses).find(([status, { content }]) => {
          if (status.startsWith('2') || (name.includes('/health') && status === '503')) return false;
          return content?.['application/problem+json']?.schema?.$ref !== '#/components/schemas/Problem';
        }),
      ),
    ).toEqual([]);
  });

  it('asks for no header but the token', () => {
    const headers = operations.flatMap(([name, { parameters = [] }]) =>
      parameters
        .filter((parameter) => parameter.in === 'header')
        .map((parameter) => [name, parameter.name, parameter.required]),
    );
    expect(headers).toEqual([['POST /v1/tickets/play', 'Idempotency-Key', false]]);
  });

  it('declares each path parameter, and no parameter twice', () => {
    expect(
      faults(({ parameters = [] }, name) => {
        const inPath = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
        const expected = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
        const places = parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`);
        const sound = inPath.join() === expected.join() && new Set(places).size === places.length;
        return sound ? undefined : places;
      }),
    ).toEqual([]);
  });

  it('writes what may be null as 3.1 does', () => {
    const bad: string[] = [];
    walk(document, '', (node, path) => {
      if ('nullable' in node) bad.push(`${path} nullable`);
      const { type, enum: values } = node as Schema;
      const types = [type].flat();
      if (Array.isArray(values) && types[0] !== undefined && values.includes(null) !== types.includes('null')) {
        bad.push(`${path} enum and type disagree on null`);
      }
    });
    expect(bad).toEqual([]);
    const user = document.components.schemas.UserResponse?.properties as Record<string, Schema>;
    expect(user.gender).toEqual({ type: ['string', 'null'], enum: ['female', 'male', 'other', null] });
  });

  it('says of every request body that unknown fields are refused', () => {
    expect(
      faults(({ requestBody }) => {
        if (!requestBody) return undefined;
        const reference = requestBody.content['application/json']?.schema?.$ref ?? '';
        const schema = document.components.schemas[reference.replace('#/components/schemas/', '')];
        const sound = Object.keys(requestBody.content).join() === 'application/json' && requestBody.required === true;
        return sound && schema?.additionalProperties === false ? undefined : reference;
      }),
    ).toEqual([]);
  });

  it('uses every schema that it defines', () => {
    const text = JSON.stringify(document);
    const unused = Object.keys(document.components.schemas).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    expect(unused).toEqual([]);
  });

  it('holds for what the service answers along the main journey', async () => {
    const contest = await createContest(test, { tickets: 5 });
    const [code = '', other = ''] = await unplayedCodes(test, contest, 2);
    const customer = await registerCustomer(test);
    const [employee, admin] = [await signInAs(test, 'employee'), await signInAs(test, 'admin')];
    const { client } = test;
    const statuses = [
      await client.get('/health'),
      await client.get('/health/live'),
      await client.get('/health/ready'),
      await client.get('/v1/contest'),
      await client.get('/v1/users/me', customer.accessToken),
      await client.post('/v1/tickets/play', { code }, customer.accessToken),
      await client.post('/v1/tickets/play', { code }, admin.accessToken),
      await client.get('/v1/users/me/tickets?limit=1', customer.accessToken),
      await client.get('/v1/claims', employee.accessToken),
      await client.get(`/v1/claims/${code}`, employee.accessToken),
      await client.get(`/v1/claims/${other}`, employee.accessToken),
      await client.post(`/v1/claims/${code}/refuse`, { reason: 'OTHER', note: 'x' }, employee.accessToken),
      await client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken),
      await client.post(`/v1/claims/${code}/validate`, { identityChecked: true }, employee.accessToken),
      await client.post(`/v1/claims/${code}/undo`, { reason: 'By mistake' }, admin.accessToken),
      await client.get(`/v1/claims/${code}`, employee.accessToken),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 403, 200, 200, 200, 200, 201, 200, 409, 200, 200]);
  });

  it('is compared in earnest: answers of another form are noticed', async () => {
    const documented = DocumentedAnswers.ofFile();
    const customer = await registerCustomer(test);
    const answer = await test.client.get<Record<string, unknown>>('/v1/users/me', customer.accessToken);
    const disagreements = (changed: object) =>
      documented.disagreements('GET', '/v1/users/me', { ...answer, ...changed });
    expect(disagreements({})).toEqual([]);
    expect(disagreements({ status: 418 })).toHaveLength(1);
    expect(disagreements({ body: { ...answer.body, passwordHash: 'x' } })).toHaveLength(1);
    expect(disagreements({ body: { ...answer.body, gender: 'none' } })).not.toEqual([]);
    expect(disagreements({ body: { ...answer.body, createdAt: 'yesterday' } })).toHaveLength(1);
    expect(disagreements({ body: { ...answer.body, email: undefined } })).toHaveLength(1);
    expect(disagreements({ headers: new Headers({ 'content-type': 'text/html' }) })).toHaveLength(1);
  });
});

/** The codes that Endpoint() was given, by operation; read past the document, from the decorators. */
function namedErrors({ app }: TestApp): Map<string, string[]> {
  const named = new Map<string, string[]>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function' || !Reflect.hasMetadata(PATH_METADATA, metatype)) continue;
      const prototype = metatype.prototype as Record<string, () => unknown>;
      for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
        const handler = prototype[name]!;
        if (!Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        const extensions = Reflect.getMetadata('swagger/apiExtension', handler) as Record<string, string[]> | undefined;
        const controller = metatype.name.replace(/Controller$/, '').replace(/^./, (letter) => letter.toLowerCase());
        named.set(`${controller}_${name}`, extensions?.['x-error-codes'] ?? []);
      }
    }
  }
  return named;
}

function describedErrors({ responses }: Operation): Set<string> {
  const examples = Object.values(responses).map(({ content }) => content?.['application/problem+json']?.examples ?? {});
  return new Set(examples.flatMap((byCode) => Object.keys(byCode)));
}

function walk(node: unknown, path: string, visit: (node: object, path: string) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) visit(node, path);
  for (const [key, child] of Object.entries(node)) walk(child, `${path}/${key}`, visit);
}
