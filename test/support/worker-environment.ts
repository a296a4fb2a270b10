import NodeEnvironment from 'jest-environment-node';
import { type Judgement, loadJudgement } from '../../libs/auth/src/passwords/judgement';

/** How a spec file asks for what its worker keeps. */
export interface WorkerGlobal {
  judgement: () => Promise<Judgement>;
}

let judgement: Promise<Judgement> | undefined;

/**
 * Jest loads every module anew for each spec file. What passwords are judged by takes 70 MB and a good part of a second
 * each time, and never changes: it is loaded here, outside of the files' own worlds, once per worker.
 */
export default class WorkerEnvironment extends NodeEnvironment {
  constructor(...args: ConstructorParameters<typeof NodeEnvironment>) {
    super(...args);
    const kept: WorkerGlobal = { judgement: () => (judgement ??= loadJudgement()) };
    Object.assign(this.global, kept);
  }
}
