import { Global, Module } from '@nestjs/common';
import { SmokeContest, SmokeModule } from '@tiptop/game';
import { SmokeStage } from '@tiptop/ops';

/** Deployments know no game: to them its smoke contest is a stage. */
@Global()
@Module({
  imports: [SmokeModule],
  providers: [{ provide: SmokeStage, useExisting: SmokeContest }],
  exports: [SmokeStage],
})
export class SmokeStageModule {}
