// Google's pictures, on the Gemini API and on Vertex AI: Imagen by predict, Gemini's own by generateContent. Sources: Google's public API references and the types of @google/genai; LiteLLM's choices.
import { aspectRatio, type Drawn, type PicturesAsked, type PicturesCall, type PicturesWire, type PictureTokens } from '#gateway/providers/pictures.ts';
import { AppError } from '#lib/errors.ts';
import { countOf, defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { blockReason, finishReasonOf, tokensOfKind } from './answer.ts';

const IMAGEN_RATIOS = ['1:1', '3:4', '4:3', '9:16', '16:9'];
const GEMINI_RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'];
/** Pictures of one request to Imagen. */
const IMAGEN_AT_ONCE = 4;
/** LiteLLM's names of what is Google's own. */
const SHAPE: ReadonlySet<string> = new Set(['aspectRatio', 'aspect_ratio', 'imageSize', 'image_size', 'imageConfig', 'generationConfig']);
/** Members of a request to Gemini that are no settings of the generation. */
const BESIDE: ReadonlySet<string> = new Set(['tools', 'toolConfig', 'safetySettings', 'systemInstruction', 'cachedContent', 'labels']);

/** Whether a model draws by predict and does nothing else. */
export function isImagen(model: string): boolean {
  return /^(?:models\/)?(?:imagen-|imagegeneration@)/.test(model);
}

/** @throws AppError 501 for models that do not draw, and for what Imagen has no words for. */
export const googlePictures: PicturesWire = (asked, facts) => {
  if (isImagen(facts.model) && asked.given.length === 0) return imagen(asked);
  if (!isImagen(facts.model) && /image/.test(facts.model)) return gemini(asked, facts.model);
  const message = `${facts.model.slice(0, 200)} ${isImagen(facts.model) ? 'changes no pictures' : 'makes no pictures'} here: use a Gemini model that makes images, for example gemini-2.5-flash-image.`;
  throw new AppError(message, { status: 501, code: 'not_supported', param: 'model' });
};

function imagen({ prompt, count, size, more }: PicturesAsked): PicturesCall {
  const own = Object.fromEntries(Object.entries(more).filter(([key]) => !SHAPE.has(key)));
  const parameters = defined({
    aspectRatio: more.aspectRatio ?? more.aspect_ratio ?? (size === null ? undefined : aspectRatio(size, IMAGEN_RATIOS)),
    sampleImageSize: more.imageSize ?? more.image_size,
    ...own,
  });
  const counts = Array.from({ length: Math.ceil(count / IMAGEN_AT_ONCE) }, (_, index) => Math.min(IMAGEN_AT_ONCE, count - index * IMAGEN_AT_ONCE));
  return { bodies: counts.map((sampleCount) => ({ instances: [{ prompt }], parameters: { sampleCount, ...parameters } })), read: predicted };
}

/** What was filtered is left out, and costs nothing. */
function predicted(answer: Fields): Drawn {
  if (answer.predictions !== undefined && !Array.isArray(answer.predictions)) throw new Error('the answer has no "predictions"');
  const predictions = objectsOf(answer.predictions);
  const pictures = predictions.flatMap(({ bytesBase64Encoded: picture, prompt }) =>
    textOf(picture) === '' ? [] : [{ b64_json: picture, ...(textOf(prompt) === '' ? {} : { revised_prompt: prompt }) }],
  );
  const reason = predictions.map(({ raiFilteredReason }) => textOf(raiFilteredReason)).find((text) => text !== '');
  return { pictures, tokens: null, refusal: pictures.length > 0 ? null : (reason ?? 'The model made no picture of this prompt.') };
}

/** One picture a request: it makes no several ones. */
function gemini(asked: PicturesAsked, model: string): PicturesCall {
  const { prompt, count, given, more } = asked;
  const settings = Object.fromEntries(Object.entries(more).filter(([key]) => !SHAPE.has(key) && !BESIDE.has(key)));
  const beside = Object.fromEntries(Object.entries(more).filter(([key]) => BESIDE.has(key)));
  const imageConfig = shapeOf(asked);
  const body = {
    contents: [{ role: 'user', parts: [...given.map(({ mimeType, data }) => ({ inlineData: { mimeType, data } })), { text: prompt }] }],
    ...beside,
    generationConfig: {
      // The first of them refused to draw without words.
      responseModalities: /gemini-2\.0/.test(model) ? ['TEXT', 'IMAGE'] : ['IMAGE'],
      ...(Object.keys(imageConfig).length === 0 ? {} : { imageConfig }),
      ...settings,
      ...fieldsOf(more.generationConfig),
    },
  };
  return { bodies: Array.from({ length: count }, () => body), read: generated };
}

function shapeOf({ size, more }: PicturesAsked): Fields {
  return defined({
    aspectRatio: size === null ? undefined : aspectRatio(size, GEMINI_RATIOS),
    ...fieldsOf(more.imageConfig),
    ...defined({ aspectRatio: more.aspectRatio ?? more.aspect_ratio, imageSize: more.imageSize ?? more.image_size }),
  });
}

function generated(answer: Fields): Drawn {
  const blocked = blockReason(answer);
  if (!Array.isArray(answer.candidates) && blocked === null) throw new Error('the answer has no candidates');
  const candidates = objectsOf(answer.candidates);
  const pictures = candidates.flatMap(({ content }) => objectsOf(fieldsOf(content).parts).flatMap(pictureIn));
  return { pictures, tokens: isFields(answer.usageMetadata) ? tokensOf(answer.usageMetadata) : null, refusal: refusalOf(candidates, blocked) };
}

/** Drafts that it thinks with are not its answer. */
function pictureIn({ inlineData, thought, thoughtSignature }: Fields): Fields[] {
  const data = textOf(fieldsOf(inlineData).data);
  if (data === '' || thought === true) return [];
  return [{ b64_json: data, ...(textOf(thoughtSignature) === '' ? {} : { provider_specific_fields: { thought_signature: thoughtSignature } }) }];
}

/** A model that only has words is no refusal of Google's: they are counted and billed. */
function refusalOf(candidates: readonly Fields[], blocked: string | null): string | null {
  if (blocked !== null) return `The prompt was blocked: ${blocked}.`;
  const filtered = candidates.find(({ finishReason }) => finishReasonOf(finishReason, false) === 'content_filter');
  return filtered === undefined ? null : textOf(filtered.finishMessage) || `The picture was filtered: ${textOf(filtered.finishReason)}.`;
}

/** Thoughts are words; what is of no stated kind is a picture where nothing is stated at all. */
function tokensOf(usage: Fields): PictureTokens {
  const prompt = countOf(usage.promptTokenCount) + countOf(usage.toolUsePromptTokenCount);
  const imageInput = Math.min(tokensOfKind('IMAGE', usage.promptTokensDetails), prompt);
  const candidates = countOf(usage.candidatesTokenCount);
  const isStated = objectsOf(usage.candidatesTokensDetails).length > 0;
  const imageOutput = isStated ? Math.min(tokensOfKind('IMAGE', usage.candidatesTokensDetails), candidates) : candidates;
  return { textInput: prompt - imageInput, imageInput, textOutput: candidates - imageOutput + countOf(usage.thoughtsTokenCount), imageOutput };
}
