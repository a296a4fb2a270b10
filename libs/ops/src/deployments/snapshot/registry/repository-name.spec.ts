import { parseRepository } from './repository-name';

describe('The name of a repository', () => {
  it.each([
    ['registry.example:5000/team/backend', 'registry.example:5000', 'team/backend'],
    ['registry.example/backend', 'registry.example', 'backend'],
    ['localhost/backend', 'localhost', 'backend'],
    ['[::1]:5000/backend', '[::1]:5000', 'backend'],
  ])('%s is at %s as %s', (repository, host, path) => {
    expect(parseRepository(repository)).toEqual({ host, path });
  });

  it.each(['backend', 'team/backend', '/backend'])('%s is refused: it names no registry', (repository) => {
    expect(() => parseRepository(repository)).toThrow(/names no registry/);
  });
});
