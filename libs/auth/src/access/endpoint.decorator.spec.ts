import 'reflect-metadata';
import { mayAccess, type AccessRule } from './endpoint.decorator';
import { type Role, ROLES } from './roles';

describe('mayAccess', () => {
  it.each<[AccessRule, Role[]]>([
    ['public', ['customer', 'employee', 'admin']],
    ['signed-in', ['customer', 'employee', 'admin']],
    [['customer'], ['customer']],
    [
      ['employee', 'admin'],
      ['employee', 'admin'],
    ],
    [['admin'], ['admin']],
    [[], []],
  ])('%j lets in %j', (rule, allowed) => {
    expect(ROLES.filter((role) => mayAccess(rule, role))).toEqual(allowed);
  });

  it('lets in no role that it does not know', () => {
    for (const rule of ['signed-in', ['admin']] as const) {
      expect(mayAccess(rule, 'root' as Role)).toBe(false);
    }
  });
});
