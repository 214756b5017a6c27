// What receivers are told, in the form of each way: JSON for webhooks, blocks for Slack, an adaptive card for Teams, text for mails; in English or Japanese. Pure.
import { createHmac } from 'node:crypto';
import type { Severity } from './schema.ts';

/** What there is to say about a firing; stands in the records until it is sent. */
export interface Facts {
  event: 'firing' | 'resolved' | 'test';
  firingId: string;
  project: { id: string; name: string };
  rule: { id: string; name: string; description: string; severity: Severity; kind: 'threshold' | 'silence' };
  /** For example "p95_latency > 3000". */
  condition: string;
  windowMinutes: number;
  value: number | null;
  firedAt: string;
  endedAt: string | null;
  endReason: 'resolved' | 'changed' | 'disabled' | 'deleted' | null;
  /** The page of the alerts. */
  link: string;
}

export type Language = 'en' | 'ja';

/** Who reads it: their language, and the organisation's time zone. */
export interface Reader {
  language: Language;
  timeZone: string;
}

const TEXTS = {
  en: {
    firing: 'Firing',
    resolved: 'Resolved',
    test: 'Test',
    project: 'Project',
    condition: 'Condition',
    silence: 'nothing came in',
    window: (minutes: number) => `over ${minutes} min`,
    value: 'Value',
    noValue: 'nothing measured',
    since: 'Since',
    until: 'Until',
    open: 'Open the alerts',
    reason: {
      resolved: 'The condition holds no longer.',
      changed: 'The rule was changed.',
      disabled: 'The rule was switched off.',
      deleted: 'The rule was deleted.',
    },
    severity: { info: 'info', warning: 'warning', critical: 'critical' },
  },
  ja: {
    firing: '発報',
    resolved: '解消',
    test: 'テスト',
    project: 'プロジェクト',
    condition: '条件',
    silence: 'データが届いていません',
    window: (minutes: number) => `直近 ${minutes} 分`,
    value: '値',
    noValue: '測定値なし',
    since: '開始',
    until: '終了',
    open: 'アラートを開く',
    reason: {
      resolved: '条件に当てはまらなくなりました。',
      changed: 'ルールが変更されました。',
      disabled: 'ルールが無効になりました。',
      deleted: 'ルールが削除されました。',
    },
    severity: { info: '情報', warning: '警告', critical: '重大' },
  },
} as const;

/** "[critical] Firing: Cost too high" */
export function titleOf({ event, rule }: Facts, language: Language): string {
  const texts = TEXTS[language];
  return `[${texts.severity[rule.severity]}] ${texts[event]}: ${rule.name}`;
}

/** "2026-11-26 22:05:00 GMT+9" */
function instantText(iso: string, timeZone: string): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' } as const;
  return new Intl.DateTimeFormat('sv-SE', { ...parts, timeZone }).format(new Date(iso));
}

/** Label and value, one pair a line. */
function linesOf(facts: Facts, { language, timeZone }: Reader): [string, string][] {
  const texts = TEXTS[language];
  const condition = facts.rule.kind === 'silence' ? texts.silence : facts.condition;
  const lines: [string, string][] = [
    [texts.project, facts.project.name],
    [texts.condition, `${condition} (${texts.window(facts.windowMinutes)})`],
    [texts.value, facts.value === null ? texts.noValue : String(Number(facts.value.toPrecision(6)))],
    [texts.since, instantText(facts.firedAt, timeZone)],
  ];
  if (facts.endedAt !== null) lines.push([texts.until, instantText(facts.endedAt, timeZone)]);
  return lines;
}

function remarksOf({ rule, endReason }: Facts, language: Language): string[] {
  return [rule.description, endReason === null ? '' : TEXTS[language].reason[endReason]].filter((text) => text !== '');
}

/** The body of a webhook. Fields are added, never renamed. */
export function webhookBody(facts: Facts, deliveryId: string): string {
  return JSON.stringify({ version: 1, deliveryId, ...facts });
}

/** `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`, so that a receiver knows the sender and refuses what is old. */
export function signatureOf(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** What Slack reads as a control character. */
const slackText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A message of Slack's incoming webhooks. */
export function slackBody(facts: Facts, reader: Reader): string {
  const { language } = reader;
  const title = titleOf(facts, language);
  const fields = linesOf(facts, reader).map(([label, value]) => ({ type: 'mrkdwn', text: `*${slackText(label)}*\n${slackText(value).slice(0, 1_900)}` }));
  const remarks = remarksOf(facts, language).map((text) => ({ type: 'section', text: { type: 'plain_text', text: text.slice(0, 2_900), emoji: false } }));
  return JSON.stringify({
    text: slackText(title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title.slice(0, 150), emoji: false } },
      { type: 'section', fields },
      ...remarks,
      { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: TEXTS[language].open }, url: facts.link }] },
    ],
  });
}

/** An adaptive card reads marks of Markdown in its texts: escaped, so that a name stays a name. */
const cardText = (text: string): string => text.replace(/[\\*_[\]()#`~<>|!-]/g, '\\$&');

/** A message with an adaptive card, as Teams' workflow "post to a channel when a webhook request is received" takes it. */
export function teamsBody(facts: Facts, reader: Reader): string {
  const { language } = reader;
  const colour = facts.event === 'resolved' ? 'Good' : facts.rule.severity === 'critical' ? 'Attention' : 'Warning';
  const remarks = remarksOf(facts, language).map((text) => ({ type: 'TextBlock', text: cardText(text), wrap: true }));
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      { type: 'TextBlock', text: cardText(titleOf(facts, language)), size: 'Large', weight: 'Bolder', color: colour, wrap: true },
      { type: 'FactSet', facts: linesOf(facts, reader).map(([title, value]) => ({ title, value: cardText(value) })) },
      ...remarks,
    ],
    actions: [{ type: 'Action.OpenUrl', title: TEXTS[language].open, url: facts.link }],
  };
  return JSON.stringify({ type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }] });
}

/** Subject and text of a mail. */
export function mailOf(facts: Facts, reader: Reader): { subject: string; text: string } {
  const { language } = reader;
  const lines = linesOf(facts, reader).map(([label, value]) => `${label}: ${value}`);
  return { subject: titleOf(facts, language), text: [...lines, '', ...remarksOf(facts, language), '', facts.link].join('\n') };
}
