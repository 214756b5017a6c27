// What receivers are told: the form of each way, in both languages, whatever the names contain.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facts, mailOf, signatureOf, slackBody, teamsBody, titleOf, webhookBody } from './messages.ts';

const FACTS: Facts = {
  event: 'firing',
  firingId: 'f-1',
  project: { id: 'p', name: 'Sales <EU>' },
  rule: { id: 'r', name: 'Cost & more', description: 'Look at *the* keys', severity: 'critical', kind: 'threshold' },
  condition: 'sum_totalCost > 5',
  windowMinutes: 60,
  value: 5.123456789,
  firedAt: '2026-11-26T13:05:00.000Z',
  endedAt: null,
  endReason: null,
  link: 'https://genai.example/ui/alerts?project=p',
};
const ENGLISH = { language: 'en', timeZone: 'Asia/Tokyo' } as const;
const JAPANESE = { language: 'ja', timeZone: 'Asia/Tokyo' } as const;

describe('a message', () => {
  it('to a webhook carries the facts as they are, signed over time and body', () => {
    const body = webhookBody(FACTS, 'f-1-firing');
    expect(JSON.parse(body)).toEqual({ version: 1, deliveryId: 'f-1-firing', ...FACTS });
    const v1 = createHmac('sha256', 'secret').update(`1700000000.${body}`).digest('hex');
    expect(signatureOf('secret', body, 1_700_000_000_999)).toBe(`t=1700000000,v1=${v1}`);
  });

  it('to Slack has a header, fields and a link, with what Slack reads as control characters escaped', () => {
    const { text, blocks } = JSON.parse(slackBody(FACTS, ENGLISH)) as {
      text: string;
      blocks: { type: string; fields?: { text: string }[]; elements?: { url: string }[] }[];
    };
    expect(text).toBe('[critical] Firing: Cost &amp; more');
    expect(blocks.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'actions']);
    expect(blocks[1]?.fields?.map((field) => field.text)).toEqual([
      '*Project*\nSales &lt;EU&gt;',
      '*Condition*\nsum_totalCost &gt; 5 (over 60 min)',
      '*Value*\n5.12346',
      '*Since*\n2026-11-26 22:05:00 GMT+9',
    ]);
    expect(blocks[3]?.elements?.[0]?.url).toBe(FACTS.link);
  });

  it('to Teams is an adaptive card, in Japanese too, and marks in a name stay what they are', () => {
    const facts: Facts = { ...FACTS, event: 'resolved', endedAt: '2026-11-26T13:10:00.000Z', endReason: 'changed', value: null };
    const sent = JSON.parse(teamsBody(facts, JAPANESE)) as {
      type: string;
      attachments: { contentType: string; content: { type: string; body: { text?: string; color?: string; facts?: object[] }[] } }[];
    };
    expect(sent.type).toBe('message');
    expect(sent.attachments[0]).toMatchObject({ contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', version: '1.4' } });
    const [title, lines, ...remarks] = sent.attachments[0]?.content.body ?? [];
    expect(title).toMatchObject({ text: '\\[重大\\] 解消: Cost & more', color: 'Good' });
    expect(lines?.facts).toContainEqual({ title: '値', value: '測定値なし' });
    expect(lines?.facts).toContainEqual({ title: '終了', value: '2026\\-11\\-26 22:10:00 GMT+9' });
    expect(remarks.map(({ text }) => text)).toEqual(['Look at \\*the\\* keys', 'ルールが変更されました。']);
  });

  it('by mail has a subject of one line and says what silence is', () => {
    const silent: Facts = { ...FACTS, rule: { ...FACTS.rule, kind: 'silence' } };
    const { subject, text } = mailOf(silent, JAPANESE);
    expect(subject).toBe('[重大] 発報: Cost & more');
    expect(text).toContain('条件: データが届いていません (直近 60 分)');
    expect(text).toContain(FACTS.link);
    expect(titleOf({ ...FACTS, event: 'test' }, 'en')).toBe('[critical] Test: Cost & more');
  });

  it('is JSON of the right size for any names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.string({ unit: 'binary', maxLength: 200 }), (description, name) => {
        const facts: Facts = { ...FACTS, project: { id: 'p', name }, rule: { ...FACTS.rule, name, description } };
        for (const body of [webhookBody(facts, 'd'), slackBody(facts, ENGLISH), teamsBody(facts, JAPANESE)]) expect(() => JSON.parse(body)).not.toThrow();
        const { blocks } = JSON.parse(slackBody(facts, ENGLISH)) as { blocks: { text?: { text: string } }[] };
        expect(blocks[0]?.text?.text.length).toBeLessThanOrEqual(150);
      }),
    );
  });
});
