import { composeAlert, messageText } from './alert-message';
import type { Alert } from './alerts';

const AT = new Date('2026-11-22T02:07:12Z');
const CONTEXT = { environment: 'prod', at: AT, repeats: 0 };
const FAILURE: Alert = {
  level: 'failure',
  subject: 'The nightly backup has failed',
  text: 'upload-s3: it keeps half of what was sent\nThree attempts.',
  facts: {
    backup: 'daily-20261122T020000Z',
    step: 'upload-s3',
    cause: 'it keeps half of what was sent',
    next: '2026-11-23T02:00:00Z',
    place: 's3',
  },
};
// Formatting puts narrow and no-break spaces where a typist puts spaces, and its commas come and go.
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ').replace('Monday,', 'Monday');

describe('composeAlert', () => {
  it('tells a failure in French and in English: what, where, why, what comes next, what to do', () => {
    const message = composeAlert(FAILURE, { ...CONTEXT, repeats: 2 });
    expect(message.subject).toBe('[prod] ÉCHEC / FAILURE: The nightly backup has failed');
    expect(plain(messageText(message))).toBe(`FRANÇAIS
Il faut agir.
Environnement : prod
Sauvegarde : daily-20261122T020000Z
Étape : Envoi distant (upload-s3)
Cause : it keeps half of what was sent
Prochain passage : lundi 23 novembre 2026 à 02:00 UTC
place : s3
À faire : Vérifier que la destination répond, qu’elle a de la place, et que les accès sont valables.
Déjà arrivé 2 fois sans être redit depuis la dernière alerte identique.

ENGLISH
Somebody has to act.
Environment: prod
Backup: daily-20261122T020000Z
Step: Remote copy (upload-s3)
Cause: it keeps half of what was sent
Next run: Monday 23 November 2026 at 02:00 UTC
place: s3
What to do: Check that the destination answers, that it has room, and that the credentials are valid.
It has happened 2 times since the last alert of its kind, and was not told again.

DÉTAILS / DETAILS
upload-s3: it keeps half of what was sent
Three attempts.
`);
  });

  it('has fields in both languages, once where they say the same', () => {
    const { facts } = composeAlert(FAILURE, CONTEXT);
    expect(facts.map(({ title, value }) => [title, plain(value)])).toEqual([
      ['Environnement / Environment', 'prod'],
      ['Sauvegarde / Backup', 'daily-20261122T020000Z'],
      ['Étape / Step', 'Envoi distant (upload-s3) / Remote copy (upload-s3)'],
      ['Cause', 'it keeps half of what was sent'],
      ['Prochain passage / Next run', 'lundi 23 novembre 2026 à 02:00 UTC / Monday 23 November 2026 at 02:00 UTC'],
      ['place', 's3'],
    ]);
  });

  it('says of a success that there is nothing to do', () => {
    const text = messageText(composeAlert({ level: 'success', subject: 'Backed up', text: 'All is well' }, CONTEXT));
    expect(text).toBe(
      'FRANÇAIS\nRien à faire.\nEnvironnement : prod\n\nENGLISH\nNothing to do.\nEnvironment: prod\n\n' +
        'DÉTAILS / DETAILS\nAll is well\n',
    );
  });

  it('does not say the cause twice, and always says what to do', () => {
    const alert: Alert = { level: 'warning', subject: 'x', text: 'why', facts: { cause: 'why', next: 'some day' } };
    const message = composeAlert(alert, CONTEXT);
    expect(message.subject).toBe('[prod] AVERTISSEMENT / WARNING: x');
    expect(message.detail).toBe('');
    expect(messageText(message)).not.toContain('DETAILS');
    expect(messageText(message)).toContain('Prochain passage : some day\n');
    expect(messageText(message)).toContain('What to do: Read the details; `tiptop backup list` shows');
  });

  it('makes no second line of a subject or a fact, and no endless one', () => {
    const message = composeAlert(
      { level: 'failure', subject: `a\r\nBcc: x ${'y'.repeat(300)}`, text: '', facts: { cause: 'b\r\nc' } },
      CONTEXT,
    );
    expect(message.subject).toMatch(/^\[prod\] ÉCHEC \/ FAILURE: a Bcc: x y+…$/);
    expect(message.subject.length).toBe(200);
    expect(message.facts[1]?.value).toBe('b c');
  });

  it.each([
    ['daily-20261122T020000Z', 'daily-20261122T020000Z.report.html'],
    ['../../etc/passwd', 'report.html'],
    [undefined, 'report.html'],
  ])('names the report of %s %s', (backup, name) => {
    const alert: Alert = { level: 'success', subject: 's', text: 't', html: '<p>', facts: backup ? { backup } : {} };
    expect(composeAlert(alert, CONTEXT).attachment).toEqual({ name, html: '<p>' });
  });

  it('has no attachment without a report', () => {
    expect(composeAlert(FAILURE, CONTEXT).attachment).toBeUndefined();
  });
});
