import { parseWorkspaceName, workspaceName } from './workspace-name';

describe('workspace name', () => {
  it('gives back the process that it was built for', () => {
    expect(parseWorkspaceName(workspaceName(4711))).toBe(4711);
    expect(workspaceName(4711)).not.toBe(workspaceName(4711));
  });

  it('is not seen in any other name', () => {
    for (const name of [
      'postgres',
      'postgres.log',
      'postgres.initdb-',
      'postgres.initdb-1-xyz',
      'my-postgres.initdb-1-00000000',
    ]) {
      expect(parseWorkspaceName(name)).toBeUndefined();
    }
  });
});
