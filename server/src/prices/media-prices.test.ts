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
