import { LANGUAGES } from '@tiptop/platform';
import type { AlertMessage } from './alert-message';
import { plainLines } from './plain-text';

// Slack cuts a text off at 4,000 characters, and shows little of a long field.
const LONGEST_TEXT = 3000;
const LONGEST_FIELD = 800;

const COLOURS: Readonly<Record<AlertMessage['level'], string>> = {
  failure: '#b3261e',
  warning: '#b26a00',
  success: '#2e7d32',
};

/** A message in Slack's JSON, which Mattermost and Rocket.Chat read as well. */
export interface SlackPayload {
  text: string;
  /** Names and paths are shown as they are: an underscore is no markup. */
  mrkdwn: false;
  link_names: false;
  attachments: readonly {
    fallback: string;
    color: string;
    text: string;
    fields: readonly { title: string; value: string; short: boolean }[];
    mrkdwn_in: readonly string[];
  }[];
}

export function slackPayload({ subject, calls, facts, detail, level }: AlertMessage): SlackPayload {
  const lines = LANGUAGES.map((language) => calls[language].join(' '));
  return {
    text: shown([subject, ...lines].join('\n'), LONGEST_TEXT),
    mrkdwn: false,
    link_names: false,
    attachments: [
      {
        fallback: shown(subject, LONGEST_FIELD),
        color: COLOURS[level],
        text: shown(detail, LONGEST_TEXT),
        fields: facts.map(({ title, value }) => ({
          title: shown(title, LONGEST_FIELD),
          value: shown(value, LONGEST_FIELD),
          short: value.length <= 40,
        })),
        mrkdwn_in: [],
      },
    ],
  };
}

/**
 * Shortened, then escaped: `<!channel>` and `<https://…>` are nothing but text then. Others than Slack call everybody at a
 * bare @channel: a space of no width keeps them from it.
 */
function shown(text: string, longest: number): string {
  return plainLines(text, longest)
    .replace(/@(?=(all|channel|everyone|here)\b)/gi, '@\u200b')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
