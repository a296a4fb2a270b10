/** A manifest is not what it should be; the message names the field. */
export class ManifestError extends Error {
  constructor(at: string, problem: string, options?: ErrorOptions) {
    super(at === '' ? `The manifest ${problem}` : `The manifest’s ${at} ${problem}`, options);
    this.name = 'ManifestError';
  }
}

const SHA256 = /^[0-9a-f]{64}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** A value of a JSON document, which knows where it stands. Each reader throws ManifestError. */
export class Field {
  constructor(
    private readonly value: unknown,
    readonly at = '',
  ) {}

  /** A field of this object; the object may have others, of later releases. */
  get(name: string): Field {
    const object = this.object();
    const at = this.at === '' ? name : `${this.at}.${name}`;
    return new Field(Object.hasOwn(object, name) ? object[name] : undefined, at);
  }

  text(pattern = /./, what = 'a text that is not empty'): string {
    if (typeof this.value !== 'string' || !pattern.test(this.value)) this.fail(what);
    return this.value;
  }

  sha256(): string {
    return this.text(SHA256, 'a SHA-256 in 64 lower-case hexadecimal digits');
  }

  /** ISO 8601, UTC. */
  instant(): string {
    const text = this.text(INSTANT, 'a time in UTC');
    if (Number.isNaN(Date.parse(text))) this.fail('a time in UTC');
    return text;
  }

  textOrNull(): string | null {
    return this.value === null ? null : this.text();
  }

  /** A count of something. */
  count(atLeast = 0): number {
    const { value } = this;
    if (!Number.isSafeInteger(value) || (value as number) < atLeast) this.fail(`a whole number, ${atLeast} or more`);
    return value as number;
  }

  list<T>(read: (item: Field) => T): T[] {
    if (!Array.isArray(this.value)) this.fail('a list');
    return this.value.map((item: unknown, n) => read(new Field(item, `${this.at}[${n}]`)));
  }

  /** Every field of this object. */
  each(read: (item: Field) => unknown): void {
    for (const name of Object.keys(this.object())) read(this.get(name));
  }

  /** @param what completes `is not …`; @throws ManifestError always */
  fail(what: string): never {
    throw new ManifestError(this.at, this.value === undefined ? 'is missing' : `is not ${what}`);
  }

  private object(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('an object');
    return value as Record<string, unknown>;
  }
}
