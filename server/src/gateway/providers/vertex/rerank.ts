// Google's ranking API (Discovery Engine) for Vertex AI's semantic-ranker models. Source: Google Cloud's reference of rankingConfigs.rank.
import { type RerankDocument, type RerankWire, rankedList, textOfDocument } from '#gateway/providers/rerank.ts';
import { defined, type Fields, isFields, objectsOf, textOf } from '#lib/json.ts';

export const RANKING_ORIGIN = 'https://discoveryengine.googleapis.com';
/** Records of one query as Google bills it. */
const RECORDS_A_QUERY = 100;
/** Words that LiteLLM makes a title of. */
const TITLE_WORDS = 3;

/** The one configuration that every project has. */
export function rankingPath(project: string): string {
  return `/v1/projects/${project}/locations/global/rankingConfigs/default_ranking_config:rank`;
}

export const vertexRerank: RerankWire = (asked, { model, id }) => ({
  body: defined({
    model,
    query: asked.query,
    records: asked.documents.map(recordOf),
    topN: asked.topN ?? undefined,
    // Titles and contents stay where they are: ids and scores are enough.
    ignoreRecordDetailsInResponse: true,
    ...asked.more,
  }),
  answer(body) {
    if (body.records !== undefined && !Array.isArray(body.records)) throw new Error('the answer has no "records"');
    const ranked = objectsOf(body.records).map((record) => ({ index: indexOf(record.id), score: scoreOf(record) }));
    ranked.sort((one, two) => Number(two.score) - Number(one.score));
    const searches = Math.ceil(asked.documents.length / RECORDS_A_QUERY);
    return { id, results: rankedList(ranked, asked, asked.returnDocuments === true), meta: { billed_units: { search_units: searches } } };
  },
});

function recordOf(document: RerankDocument, index: number): Fields {
  const content = textOfDocument(document);
  const stated = isFields(document) ? textOf(document.title) : '';
  return { id: String(index), title: stated || content.split(/\s+/).filter(Boolean).slice(0, TITLE_WORDS).join(' '), content };
}

function indexOf(id: unknown): number | null {
  return typeof id === 'string' && /^\d{1,9}$/.test(id) ? Number(id) : null;
}

/** Google leaves out zeros. */
function scoreOf({ score }: Fields): unknown {
  return score === undefined ? 0 : score;
}
