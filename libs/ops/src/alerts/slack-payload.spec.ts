import { composeAlert } from './alert-message';
import { slackPayload } from './slack-payload';

const CONTEXT = { environment: 'prod', at: new Date('2026-11-22T02:07:12Z'), repeats: 0 };

describe('slackPayload', () => {
  it('has the subject and what to do as its text, the facts as fields, and the detail', () => {
    const alert = {
      level: 'failure',
      subject: 'Failed',
      text: 'Three attempts.',
      facts: { step: 'space', cause: 'full' },
    } as const;
    expect(slackPayload(composeAlert(alert, CONTEXT))).toEqual({
      text:
        '[prod] ÉCHEC / FAILURE: Failed\n' +
        'Il faut agir. À faire : Faire de la place là où elle manque (voir les détails), ou agrandir le disque.\n' +
        'Somebody has to act. What to do: Make room where it is short (see the details), or enlarge the disk.',
      mrkdwn: false,
      link_names: false,
      attachments: [
        {
          fallback: '[prod] ÉCHEC / FAILURE: Failed',
          color: '#b3261e',
          text: 'Three attempts.',
          fields: [
            { title: 'Environnement / Environment', value: 'prod', short: true },
            { title: 'Étape / Step', value: 'Espace disque (space) / Disk space (space)', short: false },
            { title: 'Cause', value: 'full', short: true },
          ],
          mrkdwn_in: [],
        },
      ],
    });
  });

  it('calls nobody and links nowhere, whatever stands in it', () => {
    const hostile = '<!channel> <@U012> <https://evil.example|here> & @channel @Here @everyone @all';
    const alert = {
      level: 'warning',
      subject: hostile,
      text: hostile,
      facts: { [hostile]: hostile, step: hostile },
    } as const;
    const payload = slackPayload(composeAlert(alert, CONTEXT));
    const json = JSON.stringify(payload);
    expect(json).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)|@(channel|here|everyone|all)\b/i);
    expect(payload.attachments[0]?.text).toBe(
      '&lt;!channel&gt; &lt;@U012&gt; &lt;https://evil.example|here&gt; &amp; ' +
        '@\u200bchannel @\u200bHere @\u200beveryone @\u200ball',
    );
  });

  it('is no longer than Slack takes, and cuts no entity in two', () => {
    const alert = {
      level: 'failure',
      subject: 'x',
      text: '&'.repeat(10_000),
      facts: { cause: '<'.repeat(5000) },
    } as const;
    const [attachment] = slackPayload(composeAlert(alert, CONTEXT)).attachments;
    expect(attachment?.text).toBe(`${'&amp;'.repeat(2999)}…`);
    expect(attachment?.fields[1]?.value).toBe(`${'&lt;'.repeat(799)}…`);
  });
});
