import { readFileSync } from 'node:fs';
import addFormats from 'ajv-formats';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import { ApiClient, type ApiResponse, type RequestOptions } from './api-client';
import { startTestApp, type TestApp, type TestAppOptions } from './test-app';

interface JsonSchema {
  properties?: object;
  additionalProperties?: unknown;
}

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> } | undefined>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

const DOCUMENT_ID = 'https://the-tip-top.example/openapi.json';

/** Compares answers with what the API's document says of them. */
export class DocumentedAnswers {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly compiled = new Map<string, ValidateFunction>();
  private readonly operations: { template: string; path: RegExp }[];

  constructor(private readonly document: OpenApi) {
    const closed = structuredClone(document);
    // A field that the document does not name is a disagreement as well.
    for (const schema of Object.values(closed.components.schemas)) {
      if (schema.properties) schema.additionalProperties ??= false;
    }
    addFormats(this.ajv);
    this.ajv.addFormat('idn-email', /^[^\s@]+@[^\s@]+\.[^\s@]+$/);
    // The whole document, so that its references are found; it is no schema itself.
    this.ajv.addSchema({ ...closed, $id: DOCUMENT_ID });
    this.operations = Object.keys(document.paths)
      .map((template) => ({ template, path: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`) }))
      // A written-out segment comes before a parameter, as it does in the router.
      .sort((a, b) => Number(a.template.includes('{')) - Number(b.template.includes('{')));
  }

  /** Read from the file, which is the document that the service serves: drift.spec.ts sees to that. */
  static ofFile(): DocumentedAnswers {
    return new DocumentedAnswers(JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenApi);
  }

  /**
   * Where an answer is not as documented.
   * @param path of the request; its query is passed over
   * @returns sentences; none where all is well, or where the document has no such path
   */
  disagreements(method: string, path: string, { status, body, headers }: ApiResponse): string[] {
    const [pathname = ''] = path.split('?');
    const template = this.operations.find((operation) => operation.path.test(pathname))?.template;
    const operation = template === undefined ? undefined : this.document.paths[template]?.[method.toLowerCase()];
    if (template === undefined || !operation) return [];
    const where = `${method} ${template} ${String(status)}`;
    const response = operation.responses[status];
    if (!response) return [`${where} is not documented`];
    const type = headers.get('content-type')?.split(';')[0];
    const documented = Object.keys(response.content ?? {});
    if (documented.length === 0) return body === '' || body === undefined ? [] : [`${where} should have no body`];
    if (type === undefined || !documented.includes(type))
      return [`${where} is ${String(type)}, not ${documented.join()}`];
    const validate = this.validator([
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
    ]);
    if (validate(body)) return [];
    return (validate.errors ?? []).map((error) => `${where} ${error.instancePath || '/'} ${error.message ?? ''}`);
  }

  private validator(steps: string[]): ValidateFunction {
    const pointer = [...steps, 'schema']
      .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const known = this.compiled.get(pointer);
    if (known) return known;
    const validate = this.ajv.compile({ $ref: `${DOCUMENT_ID}#/${pointer}` });
    this.compiled.set(pointer, validate);
    return validate;
  }
}

/** A client that fails at the first answer that is not as documented. */
class CheckingClient extends ApiClient {
  constructor(
    url: string,
    private readonly documented: DocumentedAnswers,
  ) {
    super(url);
  }

  override async request<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<ApiResponse<T>> {
    const response = await super.request<T>(method, path, options);
    const disagreements = this.documented.disagreements(method, path, response);
    if (disagreements.length > 0) throw new Error(disagreements.join('\n'));
    return response;
  }
}

/** As startTestApp(), with a client that compares every answer with the API's document; its replicas have one as well. */
export async function startDocumentedApp(options?: TestAppOptions): Promise<TestApp> {
  const documented = DocumentedAnswers.ofFile();
  return startTestApp({ ...options, clientFor: (url) => new CheckingClient(url, documented) });
}
