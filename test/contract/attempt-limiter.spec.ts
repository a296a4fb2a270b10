import { AttemptLimiter } from '@tiptop/platform';
import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database';

const BUDGET = { windowSeconds: 900, blockSeconds: 60, maxBlockSeconds: 200 };
const POINTS = 3;

describe('AttemptLimiter, on PostgreSQL', () => {
  let database: TestDatabase;
  let pool: Pool;
  let key: string;
  let offsetMs = 0;
  let keys = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new Pool({ connectionString: database.url, max: 20 });
    // pg's pool does not wait for its connections to be closed; those still there lose their database.
    pool.on('error', () => undefined);
  });
  beforeEach(() => {
    key = `key-${String(keys++)}`;
    offsetMs = 0;
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + offsetMs);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const limiter = (name = 'test') => new AttemptLimiter(pool, name, POINTS, BUDGET);
  const pass = (seconds: number): void => {
    offsetMs += seconds * 1000;
  };

  async function failUntilBlocked(subject: AttemptLimiter): Promise<number> {
    for (let failure = 0; failure < POINTS; failure++) expect((await subject.fail(key)).exceeded).toBe(false);
    const { exceeded, retryAfterSeconds } = await subject.fail(key);
    expect(exceeded).toBe(true);
    return retryAfterSeconds;
  }

  it('knows nothing of a key that never failed', async () => {
    expect(await limiter().state(key)).toEqual({ failures: 0, exceeded: false, retryAfterSeconds: 0 });
  });

  it('bears as many failures as it has points, and blocks at the next', async () => {
    const subject = limiter();
    for (let failures = 1; failures <= POINTS; failures++) {
      expect(await subject.fail(key)).toEqual({ failures, exceeded: false, retryAfterSeconds: 0 });
      expect(await subject.state(key)).toEqual({ failures, exceeded: false, retryAfterSeconds: 0 });
    }
    const blocked = await subject.fail(key);
    expect(blocked.exceeded).toBe(true);
    expect(blocked.retryAfterSeconds).toBe(60);
    expect(await subject.state(key)).toMatchObject({ exceeded: true });
  });

  it('opens again when the block is over, with a whole budget', async () => {
    const subject = limiter();
    await failUntilBlocked(subject);
    pass(30);
    const half = await subject.state(key);
    expect(half.exceeded).toBe(true);
    expect(half.retryAfterSeconds).toBeGreaterThanOrEqual(29);
    expect(half.retryAfterSeconds).toBeLessThanOrEqual(30);
    pass(31);
    expect(await subject.state(key)).toEqual({ failures: 0, exceeded: false, retryAfterSeconds: 0 });
    expect(await subject.fail(key)).toMatchObject({ failures: 1, exceeded: false });
  });

  it('is not prolonged by failures during the block', async () => {
    const subject = limiter();
    await failUntilBlocked(subject);
    pass(30);
    for (let failure = 0; failure < 5; failure++)
      expect((await subject.fail(key)).retryAfterSeconds).toBeLessThanOrEqual(30);
    pass(31);
    expect((await subject.state(key)).exceeded).toBe(false);
  });

  it('doubles each further block of a day, up to the longest, and begins anew after a quiet day', async () => {
    const subject = limiter();
    const blocks: number[] = [];
    for (let block = 0; block < 4; block++) {
      blocks.push(await failUntilBlocked(subject));
      pass(201);
    }
    expect(blocks).toEqual([60, 120, 200, 200]);
    pass(86_401);
    expect(await failUntilBlocked(subject)).toBe(60);
  });

  it('forgets failures after the window, counted from the first', async () => {
    const subject = limiter();
    await subject.fail(key);
    pass(800);
    await subject.fail(key);
    pass(101);
    expect(await subject.state(key)).toMatchObject({ failures: 0 });
    expect(await subject.fail(key)).toMatchObject({ failures: 1 });
  });

  it('forgives failures on request, not the blocks there were', async () => {
    const subject = limiter();
    await failUntilBlocked(subject);
    await subject.forgive(key);
    expect(await subject.state(key)).toMatchObject({ failures: 0, exceeded: false });
    expect(await failUntilBlocked(subject)).toBe(120);
    await subject.forgive('never seen');
  });

  it('keeps keys and kinds apart, and is one for all replicas', async () => {
    await failUntilBlocked(limiter());
    expect((await limiter().state(key)).exceeded).toBe(true);
    expect((await limiter().state(`${key}x`)).exceeded).toBe(false);
    expect((await limiter('another').state(key)).exceeded).toBe(false);
    const elsewhere = new Pool({ connectionString: database.url, max: 1 });
    elsewhere.on('error', () => undefined);
    expect((await new AttemptLimiter(elsewhere, 'test', POINTS, BUDGET).state(key)).exceeded).toBe(true);
    await elsewhere.end();
  });

  it('loses no failure of many at once, and starts one block only', async () => {
    const replicas = [limiter(), limiter(), limiter()];
    const states = await Promise.all(Array.from({ length: 60 }, (_, n) => replicas[n % 3]!.fail(key)));
    expect(states.filter(({ exceeded }) => !exceeded)).toHaveLength(POINTS);
    expect((await limiter().state(key)).retryAfterSeconds).toBeLessThanOrEqual(60);
    pass(61);
    expect(await failUntilBlocked(limiter())).toBe(120);
  });

  it('takes any text for a key', async () => {
    for (const strange of ["'; DROP TABLE attempt_budgets; --", 'é🫖', '::1', ' ']) {
      expect(await limiter().fail(strange)).toMatchObject({ failures: 1 });
    }
  });

  it('says under which key its row stands', async () => {
    const subject = limiter();
    await subject.fail(key);
    const { rows } = await pool.query('SELECT points FROM attempt_budgets WHERE key = $1', [subject.rowKey(key)]);
    expect(rows).toEqual([{ points: 1 }]);
  });
});
