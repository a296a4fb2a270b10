import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { createContest, PASSWORD, registration, unplayedCodes } from '../support/builders';
import { startTestApp, type TestApp } from '../support/test-app';

// Chromium calls home at its start, which a closed network refuses many times over.
const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('Swagger UI in a browser', () => {
  let test: TestApp;
  let browser: Browser;
  let page: Page;
  const refused: string[] = [];

  beforeAll(async () => {
    test = await startTestApp();
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_ARGUMENTS });
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Refused/.test(message.text()))
        refused.push(message.text());
    });
  });
  afterAll(async () => {
    await browser.close();
    await test.stop();
  });

  it('signs in, takes the token and plays a code', async () => {
    const [code = ''] = await unplayedCodes(test, await createContest(test), 1);
    const person = registration();
    await test.client.post('/v1/auth/register', person);
    await page.goto(`${test.client.url}/docs`);

    const login = await tryOut('signIn_login', { email: person.email, password: PASSWORD });
    expect(login.status).toBe('200');
    const { accessToken } = JSON.parse(login.body) as { accessToken: string };

    await page.locator('button.authorize').first().click();
    await page.locator('.auth-container input').fill(accessToken);
    await page.locator('.auth-btn-wrapper button.authorize').click();
    await page.locator('.auth-btn-wrapper button.btn-done').click();

    const play = await tryOut('plays_play', { code });
    expect(play.status).toBe('200');
    expect(JSON.parse(play.body)).toMatchObject({ ticket: { code, status: 'pending' }, prize: { currency: 'EUR' } });
    expect(refused).toEqual([]);
  });

  /** Opens an operation, fills in its body, sends it, and reads the answer shown. */
  async function tryOut(operationId: string, body: object): Promise<{ status: string; body: string }> {
    const operation: Locator = page.locator(`[id$="-${operationId}"]`);
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('button.try-out__btn').click();
    await operation.locator('textarea.body-param__text').fill(JSON.stringify(body));
    await operation.locator('button.execute').click();
    const answer = operation.locator('.live-responses-table .response');
    await answer.waitFor();
    const status = await answer.locator('.response-col_status').first().innerText();
    const shown = await answer.locator('.highlight-code code').first().innerText();
    return { status: status.trim().split(/\s/)[0] ?? '', body: shown };
  }
});
