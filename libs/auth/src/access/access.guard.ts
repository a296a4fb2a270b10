import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppConfig } from '@tiptop/platform';
import { SecondFactorSetupRequired } from '../second-factor/second-factor.errors';
import type { Account } from './account';
import { Forbidden, Unauthenticated } from './access.errors';
import { Access, mayAccess } from './endpoint.decorator';

/** Stands before every handler. What declares no access rule is refused to everybody. */
@Injectable()
export class AccessGuard extends AuthGuard('access-token') {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride(Access, [context.getHandler(), context.getClass()]);
    // Typed as always there; a handler that forgot its decorator has none.
    if ((rule as typeof rule | undefined) === undefined) throw new Forbidden();
    if (rule === 'public') return true;
    await super.canActivate(context);
    const { user } = context.switchToHttp().getRequest<{ user: Account }>();
    if (!mayAccess(rule, user.role)) throw new Forbidden();
    if (rule !== 'signed-in' && this.lacksSecondFactor(user)) throw new SecondFactorSetupRequired();
    return true;
  }

  override handleRequest<T>(error: unknown, user: T | false | undefined): T {
    if (error) throw Error.isError(error) ? error : new Unauthenticated();
    if (!user) throw new Unauthenticated();
    return user;
  }

  /** What is for everybody signed in stays open, or nobody could set one up. */
  private lacksSecondFactor({ role, secondFactorShown }: Account): boolean {
    return this.config.adminSecondFactor && role === 'admin' && !secondFactorShown;
  }
}
