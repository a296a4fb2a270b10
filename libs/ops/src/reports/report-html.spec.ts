import { reportHtml } from './report-html';
import { HOSTILE_REPORT, SAMPLE_REPORT } from './spec-support/sample-report';

describe('reportHtml', () => {
  const html = reportHtml(SAMPLE_REPORT);

  it('marks each step by its own verdict, and what is switched off never as passed', () => {
    const marks = [...html.matchAll(/<td><span class="word (\w+)">([\w ]+)<\/span><\/td><td>([^<]*)</g)];
    expect(marks.map(([, mark, word, title]) => [mark, word, title])).toEqual([
      ['good', 'PASSED', 'Disk space (space)'],
      ['good', 'PASSED', 'Database'],
      ['off', 'DISABLED', 'Jenkins'],
      ['bad', 'FAILED', 'Remote copy (upload-s3)'],
      ['attention', 'DEGRADED', 'Removal of old backups (prune)'],
      ['good', 'VERIFIED', 'local'],
      ['bad', 'NOT VERIFIED', 's3'],
    ]);
    expect(html).toContain('<h1>Backup daily-20261122T020000Z: <span class="word attention">DEGRADED</span></h1>');
  });

  it('tells the facts', () => {
    for (const fact of [
      '<th scope="row">Space left</th><td>119.9 GB</td>',
      '<th scope="row">Next run</th><td>2026-11-23 02:00:00 UTC</td>',
      `<td class="number">61.2 MB</td><td><code>${'ab'.repeat(32)}</code>`,
      '<td>daily-20261014T020000Z</td><td>it is older than 30 days</td>',
      `<li><code>age1${'q'.repeat(58)}</code></li>`,
      '<li>pg_dump 15.10</li>',
      '<div class="notice bad"><strong>Reason</strong><ul><li>upload-s3: it keeps half of what was sent</li>',
      '<div class="notice attention"><strong>Warnings</strong>',
    ]) {
      expect(html).toContain(fact);
    }
  });

  it('loads nothing and runs nothing', () => {
    expect(html).not.toMatch(/<(script|link|img|iframe|object|base|form)\b|\bsrc=|\bhref=|url\(|@import/i);
    expect(html).toContain(`default-src 'none'`);
  });

  it('escapes every value', () => {
    const hostile = reportHtml(HOSTILE_REPORT);
    const tags = (text: string) => new Set([...text.matchAll(/<!?\/?([a-z]+)/gi)].map(([tag]) => tag));
    expect([...tags(hostile)].filter((tag) => !tags(html).has(tag))).toEqual([]);
    expect(hostile).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &lt;!channel&gt;');
    expect(hostile).toContain('{{secret}}');
    expect(hostile.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});
