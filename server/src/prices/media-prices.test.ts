// What pictures and sound cost, case by case: by the character, the second, the token of each kind, the picture and the pixel, from LiteLLM's list, the bundled table or the configuration.
import { describe, expect, it } from 'vitest';
import type { CallUsage } from '#call-record.ts';
import { formatPicos } from '#lib/money.ts';
import { readLiteLlmConfig } from '#settings/litellm-config.ts';
import { Notes } from '#settings/notes.ts';
import type { Deployment } from '#settings/settings.ts';
import { ListedPrices } from './listed.ts';
import { readPriceFile } from './litellm-list.ts';
import { createPrices } from './model-prices.ts';

const filler = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`filler-${index}`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }]));
/** Entries in the form of LiteLLM's file. */
const FILE = {
  ...filler,
  'whisper-1': { litellm_provider: 'openai', mode: 'audio_transcription', input_cost_per_second: 0.0001, output_cost_per_second: 0.0001 },
  'assembly/x': { litellm_provider: 'openai', mode: 'audio_transcription', input_cost_per_second: 0.00012, output_cost_per_second: 0 },
  'tts-1-hd': { litellm_provider: 'openai', mode: 'audio_speech', input_cost_per_character: 0.00003 },
  'gpt-4o-mini-tts': {
    ...{ litellm_provider: 'openai', mode: 'audio_speech', input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
    ...{ output_cost_per_audio_token: 1.2e-5, output_cost_per_second: 0.00025 },
  },
  'gpt-4o-transcribe': {
    ...{ litellm_provider: 'openai', mode: 'audio_transcription', input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
    ...{ input_cost_per_audio_token: 6e-6 },
  },
};
const PICTURES = {
  ...filler,
  'dall-e-3': { litellm_provider: 'openai', mode: 'image_generation', input_cost_per_image: 0.04 },
  'standard/1024-x-1792/dall-e-3': { litellm_provider: 'openai', mode: 'image_generation', input_cost_per_pixel: 4.359e-8, output_cost_per_pixel: 0.0 },
  'azure/hd/1024-x-1024/dall-e-3': { litellm_provider: 'azure', mode: 'image_generation', input_cost_per_pixel: 7.629e-8, output_cost_per_pixel: 0.0 },
  'gpt-image-1': {
    ...{ litellm_provider: 'openai', mode: 'image_generation', input_cost_per_image: 0.042, input_cost_per_token: 5e-6 },
    ...{ input_cost_per_image_token: 1e-5, output_cost_per_image_token: 4e-5 },
  },
};
const listed = new ListedPrices(readPriceFile(FILE).models.map((one) => ({ ...one, validFromMs: 0, validToMs: null })));
const configured = (entries: string): readonly Deployment[] =>
  readLiteLlmConfig({ text: `model_list:\n${entries}`, path: 'config.yaml', environment: {}, notes: new Notes() }).gatewayConfig.deployments;

/** The cost of a usage and the lines that explain it. */
function bill(deployment: Deployment, usage: Partial<CallUsage>, list = listed) {
  const prices = createPrices(Date.now, () => list);
  const row = prices.ofDeployment(deployment);
  if (row === null) return null;
  const whole = { input: 0, output: 0, total: 0, ...usage };
  const lines = prices.costLines(row, whole).map(({ part, tokens, perToken }) => `${part} ${tokens} × ${perToken}`);
  return { cost: formatPicos(prices.cost(row, whole)), lines };
}
const only = (model: string, more = '') => configured(`  - { model_name: m, litellm_params: { model: ${model}, api_key: k${more} } }`)[0] as Deployment;

describe('sound', () => {
  it('is priced by the second, what comes out before what goes in, to the millisecond', () => {
    expect(bill(only('openai/whisper-1'), { audioMs: 8_470 })).toEqual({ cost: '0.000847', lines: ['seconds 8.47 × 0.0001'] });
    expect(bill(only('openai/assembly/x'), { audioMs: 1_000 })?.cost).toBe('0.00012');
    // The bundled table states hours.
    expect(bill(only('openai/whisper-1'), { audioMs: 3_600_000 }, new ListedPrices([]))?.cost).toBe('0.36');
  });
  it('is priced by the character that is spoken', () => {
    expect(bill(only('openai/tts-1-hd'), { characters: 1_000 })).toEqual({ cost: '0.03', lines: ['characters 1000 × 0.00003'] });
  });
  it('is priced by audio tokens apart from those of text', () => {
    expect(bill(only('openai/gpt-4o-transcribe'), { input: 100, output: 20, total: 120, audioInput: 90 })).toEqual({
      cost: '0.000765',
      lines: ['input 10 × 0.0000025', 'audioInput 90 × 0.000006', 'output 20 × 0.00001'],
    });
    const spoken = bill(only('openai/gpt-4o-mini-tts'), { input: 10, output: 100, total: 110, audioOutput: 100 });
    expect(spoken).toEqual({ cost: '0.001225', lines: ['input 10 × 0.0000025', 'audioOutput 100 × 0.000012'] });
  });
  it('has the price that the configuration states, in litellm_params or model_info, over the listed one', () => {
    expect(bill(only('openai/whisper-1', ', input_cost_per_second: 0.0002'), { audioMs: 1_500 })).toEqual({ cost: '0.0003', lines: ['seconds 1.5 × 0.0002'] });
    const [own] = configured(
      '  - { model_name: m, litellm_params: { model: hosted_vllm/kokoro, api_base: "http://v.example/v1" }, model_info: { mode: audio_speech, input_cost_per_character: 1e-6 } }',
    );
    expect(bill(own as Deployment, { characters: 3 })?.cost).toBe('0.000003');
  });
  it('of which nobody knows the price is not free, and what is priced by units prices no chat', () => {
    expect(bill(only('hosted_vllm/whisper', ', api_base: "http://v.example/v1"'), { audioMs: 1_000 })).toBeNull();
    const prices = createPrices(Date.now, () => listed);
    expect(prices.ofDeployment(only('openai/gpt-4o-mini', ', input_cost_per_second: 3'))?.secondPicos).toBeUndefined();
  });
  it('is told by its mode, or by names that are nothing else', () => {
    const modes = ['whisper-1', 'gpt-4o-mini-transcribe', 'tts-1-hd', 'gpt-4o-mini-tts', 'gpt-4o-audio-preview', 'my-tts-1'].map(
      (name) => only(`openai/${name}`).mode,
    );
    expect(modes).toEqual(['audio_transcription', 'audio_transcription', 'audio_speech', 'audio_speech', null, null]);
  });
});

describe('pictures', () => {
  const pictures = new ListedPrices(readPriceFile(PICTURES).models.map((one) => ({ ...one, validFromMs: 0, validToMs: null })));
  const rowOf = (deployment: Deployment) => createPrices(Date.now, () => pictures).ofDeployment(deployment);
  it('are priced one by one, or by the tokens of each kind', () => {
    expect(bill(only('openai/dall-e-3'), { images: 3 }, pictures)).toEqual({ cost: '0.12', lines: ['images 3 × 0.04'] });
    const drawn = bill(only('openai/gpt-image-1'), { input: 50, imageInput: 40, output: 1056, imageOutput: 1056, total: 1106 }, pictures);
    expect(drawn).toEqual({ cost: '0.04269', lines: ['input 10 × 0.000005', 'imageInput 40 × 0.00001', 'imageOutput 1056 × 0.00004'] });
  });
  it('have listed prices of their size and quality, each with its provider', () => {
    expect(rowOf(only('openai/dall-e-3'))?.imageVariants).toMatchObject([{ size: '1024x1792', quality: 'standard', megapixelPicos: 43_590_000_000n }]);
    // The list knows Azure's by its sizes alone.
    const azure = configured('  - { model_name: m, litellm_params: { model: azure/dall-e-3, api_base: "https://a.example", api_key: k } }')[0] as Deployment;
    expect(rowOf(azure)?.imageVariants).toMatchObject([{ size: '1024x1024', quality: 'hd', megapixelPicos: 76_290_000_000n }]);
  });
  it('are priced by the pixel to the last digit, and by the configuration over every size', () => {
    const pixels = { images: 1, pixels: 1_048_576 };
    const exact = { cost: '0.039999923814', lines: ['megapixels 1.048576 × 0.0381469'] };
    for (const model of ['dall-e-3', 'dall-e-2']) expect(bill(only(`openai/${model}`, ', input_cost_per_pixel: 3.81469e-8'), pixels, pictures)).toEqual(exact);
    expect(rowOf(only('openai/dall-e-3', ', input_cost_per_image: 0.01'))).toMatchObject({ imagePicos: 10_000_000_000n });
    expect(rowOf(only('openai/dall-e-3', ', input_cost_per_image: 0.01'))).not.toHaveProperty('imageVariants');
  });
});
