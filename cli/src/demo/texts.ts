// What the people of the demo say: conversations of several turns, a handbook to look things up in, English and Japanese.

export interface Conversation {
  name: string;
  user: string;
  tags: string[];
  turns: string[];
}

export const CONVERSATIONS: readonly Conversation[] = [
  {
    name: 'travel-planning',
    user: 'tanaka',
    tags: ['chat', 'ja'],
    turns: [
      '来週、京都に出張します。おすすめの宿を教えてください。',
      '駅の近くで、1泊15,000円以下だと？',
      'ありがとう。2日目の午前中に回れるお寺も提案してください。',
    ],
  },
  {
    name: 'contract-review',
    user: 'alice',
    tags: ['chat', 'legal', 'en'],
    turns: [
      'Summarise the termination clause of this contract in two sentences.',
      'Does it allow termination without cause?',
      'Draft a polite e-mail asking for a 30-day notice period.',
    ],
  },
  {
    name: 'meeting-minutes',
    user: 'sato',
    tags: ['chat', 'ja'],
    turns: [
      '次の会議メモを議事録の形に整えてください：予算案の承認、来期の採用計画、セキュリティ監査の日程。',
      '決定事項と宿題を分けて箇条書きにしてください。',
    ],
  },
  {
    name: 'code-help',
    user: 'bob',
    tags: ['chat', 'engineering', 'en'],
    turns: [
      'Why does this query scan the whole table although there is an index on created_at?',
      'Rewrite it so that the index is used.',
      'How would I prove that it is?',
      'Thanks. Explain it to a junior colleague in one paragraph.',
    ],
  },
];

export interface Question {
  user: string;
  question: string;
  documents: { id: string; title: string; text: string; score: number }[];
  calculation: { expression: string; result: string };
}

export const QUESTIONS: readonly Question[] = [
  {
    user: 'suzuki',
    question: '育児休業中の社会保険料はどうなりますか？ 3か月分の試算もお願いします。',
    documents: [
      { id: 'handbook-12', title: '就業規則 第12章 育児休業', text: '育児休業期間中の社会保険料は、申出により本人負担・会社負担とも免除される。', score: 0.91 },
      { id: 'faq-77', title: '人事FAQ 77', text: '免除の申請は人事部が行う。月末時点で休業していることが条件である。', score: 0.84 },
    ],
    calculation: { expression: '42000 * 3', result: '126000' },
  },
  {
    user: 'carol',
    question: 'How much data may we send to the vendor per day under the new policy, and what does that cost per month?',
    documents: [
      {
        id: 'policy-4',
        title: 'Data sharing policy, section 4',
        text: 'At most 2 GB a day may leave the region; exports are logged and kept for one year.',
        score: 0.88,
      },
      { id: 'prices-2026', title: 'Transfer prices 2026', text: 'Transfer out of the region costs 0.09 USD per GB.', score: 0.79 },
    ],
    calculation: { expression: '2 * 30 * 0.09', result: '5.4' },
  },
];

export const STREAMED: readonly { user: string; text: string }[] = [
  { user: 'tanaka', text: '生成AIの社内利用ガイドラインの要点を5つ、順番に説明してください。' },
  { user: 'bob', text: 'Write a short release note for the gateway: faster start, clearer errors, Japanese console.' },
];
