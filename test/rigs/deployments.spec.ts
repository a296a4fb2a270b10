import { DeploymentGround } from './support/deployment-stage';
import { describePreprod } from './support/deployments/preprod-cases';
import { describeProduction } from './support/deployments/production-cases';

/** Whole deployments, of this project's own image, with `tiptop deploy` in a process of its own, as Jenkins runs it. */
describe('Deployments', () => {
  let ground: DeploymentGround;

  beforeAll(async () => {
    ground = await DeploymentGround.lay();
  }, 900_000);
  afterAll(() => ground.clear(), 60_000);

  describeProduction(() => ground);
  describePreprod(() => ground);
});
