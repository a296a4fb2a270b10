import type { BackupReport } from '../backups/backup-report';
import { type MarkedItem, type ReportView, viewOf } from './report-view';
import { lengthOf, wrapped } from './wrapped-text';

const WIDTH = 80;
const INDENT = '  ';
const LABEL_WIDTH = 13;

/** The report for terminals and letters: lines of 80 characters at most, no control characters, a line feed at its end. */
export function reportText(report: BackupReport): string {
  const view = viewOf(report);
  const heading = `${view.title}: ${view.word}`;
  const lines = [...wrapped(heading, WIDTH), '='.repeat(Math.min(lengthOf(heading), WIDTH)), ''];
  for (const { label, value } of view.facts) lines.push(...labelled(label, value));
  for (const { label, lines: said } of view.notices) lines.push(...section(label, said.flatMap(listed)));
  lines.push(...section('Steps', marked(view.steps)));
  lines.push(...section('Copies', marked(view.copies)));
  lines.push(...section('Contents', view.artifacts.flatMap(artifactLines)));
  lines.push(
    ...section(
      'Removed',
      view.removed.flatMap(({ place, id, why }) => listed(`${place}: ${id}: ${why}`)),
    ),
  );
  lines.push(...section('Who can open it', view.recipients.flatMap(listed)));
  lines.push(...section('Tools', view.tools.flatMap(listed)));
  return `${lines.join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title.toUpperCase(), ...(lines.length > 0 ? lines : [`${INDENT}none`])];
}

function labelled(label: string, value: string): string[] {
  const indent = ' '.repeat(LABEL_WIDTH);
  const [first = '', ...others] = wrapped(value, WIDTH, indent);
  return [`${label.padEnd(LABEL_WIDTH)}${first.trimStart()}`.trimEnd(), ...others];
}

function listed(text: string): string[] {
  const [first = '', ...others] = wrapped(text, WIDTH, `${INDENT}  `);
  return [`${INDENT}- ${first.trimStart()}`.trimEnd(), ...others];
}

function marked(items: readonly MarkedItem[]): string[] {
  const width = Math.max(...items.map(({ word }) => word.length), 0) + 3;
  const indent = INDENT + ' '.repeat(width);
  return items.flatMap(({ word, title, note, detail }) => {
    const [first = '', ...others] = wrapped(note === '' ? title : `${title}: ${note}`, WIDTH, indent);
    const head = `${INDENT}${`[${word}]`.padEnd(width)}${first.trimStart()}`.trimEnd();
    return [head, ...others, ...wrapped(detail, WIDTH, indent)];
  });
}

function artifactLines({ path, size, sha256 }: ReportView['artifacts'][number]): string[] {
  return [...listed(`${path}: ${size}`), ...wrapped(`SHA-256 ${sha256}`, WIDTH, `${INDENT}  `)];
}
