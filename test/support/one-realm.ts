/**
 * Jest gives each test file a realm of its own, with its own Error, while what Node throws (a refused connection, for one)
 * comes from the realm outside: `instanceof Error` is false for it, in a test only. Import this where such errors occur;
 * then it is true, as it is in the service.
 */
for (const type of [Error, TypeError, AggregateError]) {
  Object.defineProperty(type, Symbol.hasInstance, {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- the signature that the language prescribes
    value(this: Function, value: unknown): boolean {
      if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
      // Subclasses inherit this method; of them the ordinary answer holds.
      return this === type && isErrorOfAnyRealm(value) && (type === Error || value.name === type.name);
    },
  });
}

function isErrorOfAnyRealm(value: unknown): value is Error {
  return Object.prototype.toString.call(value) === '[object Error]';
}
