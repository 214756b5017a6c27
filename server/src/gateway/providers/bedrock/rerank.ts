// Rerank of Bedrock's Agents runtime: Amazon's and Cohere's models, by ARN. Source: AWS's reference of the operation Rerank.
import { type RerankDocument, type RerankWire, rankedList } from '#gateway/providers/rerank.ts';
import { defined, type Fields, objectsOf } from '#lib/json.ts';

/** @param region whose model is meant by a name that is no ARN. */
export function bedrockRerank(region: string): RerankWire {
  return (asked, { model }) => ({
    body: {
      queries: [{ type: 'TEXT', textQuery: { text: asked.query } }],
      sources: asked.documents.map((document) => ({ type: 'INLINE', inlineDocumentSource: sourceOf(document) })),
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: {
          // Five, where nothing is said.
          numberOfResults: asked.topN ?? asked.documents.length,
          modelConfiguration: defined({
            modelArn: arnOf(model, region),
            additionalModelRequestFields: Object.keys(asked.more).length === 0 ? undefined : asked.more,
          }),
        },
      },
    },
    // It does not say what it bills: the gateway estimates it.
    answer(body) {
      if (!Array.isArray(body.results)) throw new Error('the answer has no "results"');
      const ranked = objectsOf(body.results).map(({ index, relevanceScore: score }) => ({ index, score }));
      return { results: rankedList(ranked, asked, asked.returnDocuments === true) };
    },
  });
}

function sourceOf(document: RerankDocument): Fields {
  if (typeof document === 'string') return { type: 'TEXT', textDocument: { text: document } };
  const isText = typeof document.text === 'string' && Object.keys(document).length === 1;
  return isText ? { type: 'TEXT', textDocument: { text: document.text } } : { type: 'JSON', jsonDocument: document };
}

function arnOf(model: string, region: string): string {
  if (model.startsWith('arn:')) return model;
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:bedrock:${region}::foundation-model/${model}`;
}
