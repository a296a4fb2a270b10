import type { WorkerGlobal } from './worker-environment';

// The rest of the service is each spec file's own. The unit tests of the policy load what they judge by themselves.
jest.mock('../../libs/auth/src/passwords/judgement', () => ({
  loadJudgement: () => (globalThis as unknown as WorkerGlobal).judgement(),
}));
