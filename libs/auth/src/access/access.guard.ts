import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppConfig } from '@tiptop/platform';
import { RefusalRecorder } from './refusal-recorder';
import { SecondFactorSetupRequired } from '../second-factor/second-factor.errors';
import type { Account } from './account';
import { Forbidden, Unauthenticated } from './access.errors';
import { Access, mayAccess } from './endpoint.decorator';

interface GuardedRequest {
  user: Account;
  method: string;
  routeOptions: { url?: string };
}

/** Stands before every handler. What declares no access rule is refused to everybody. */
@Injectable()
export class AccessGuard extends AuthGuard('access-token') {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
    private readonly refusals: RefusalRecorder,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride(Access, [context.getHandler(), context.getClass()]);
    // Typed as always there; a handler that forgot its decorator has none.
    if ((rule as typeof rule | undefined) === undefined) throw new Forbidden();
    if (rule === 'public') return true;
    await super.canActivate(context);
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const { user } = request;
    if (!mayAccess(rule, user.role)) {
      // Method and pattern, never the address itself: addresses hold ticket codes and names.
      const subject = { type: 'route', id: `${request.method} ${request.routeOptions.url ?? 'unknown'}` };
      const refusal = new Forbidden();
      const details = { reason: refusal.code };
      await this.refusals.record(user.id, { action: 'access-refused', actor: user, subject, details });
      throw refusal;
    }
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
