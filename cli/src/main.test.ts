// The command line itself: verbs, help, languages, messages, tables.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { progressLine } from '#io.ts';
import { COMMANDS, run, splitWords } from '#main.ts';
import { chooseLanguage, fillMessage, MESSAGES } from '#messages.ts';
import { recordingIo } from '#recording-io.ts';
import { cellWidth, renderTable } from '#table.ts';

describe('the command line', () => {
  it('finds the verb, and flags alone start the platform as in the container of LiteLLM', () => {
    expect(splitWords(['doctor', '--json', '--lang', 'ja', '--network'])).toEqual({ verb: 'doctor', argv: ['--network'], json: true, language: 'ja' });
    expect(splitWords(['--config', '/app/config.yaml'])).toMatchObject({ verb: 'start', argv: ['--config', '/app/config.yaml'] });
    expect(splitWords([])).toMatchObject({ verb: 'help' });
    expect(splitWords(['--help'])).toMatchObject({ verb: 'help', argv: [] });
    expect(splitWords(['verify', '--key', 'k', '-h'])).toMatchObject({ verb: 'help', argv: ['verify'] });
    expect(splitWords(['--version'])).toMatchObject({ verb: 'version' });
  });

  it('an unknown verb shows the help and ends with 2, even for names that every object has', async () => {
    for (const verb of ['frobnicate', 'constructor', '__proto__']) {
      const recorder = recordingIo();
      expect(await run([verb], { env: {}, cwd: '/', io: recorder.io })).toBe(2);
      expect(recorder.err()).toContain(`"${verb}" is not a command.`);
      expect(recorder.out()).toContain('verify');
    }
  });

  it('explains every verb in both languages', async () => {
    for (const language of ['en', 'ja'] as const) {
      for (const verb of Object.keys(COMMANDS)) {
        const recorder = recordingIo('human', { language });
        expect(await run(['help', verb], { env: {}, cwd: '/', io: recorder.io })).toBe(0);
        expect(recorder.out().length).toBeGreaterThan(20);
      }
    }
    const recorder = recordingIo();
    await run(['help', 'start'], { env: {}, cwd: '/', io: recorder.io });
    expect(recorder.out()).toContain('--observe-port PORT');
  });

  it('a flag that does not exist is wrong use', async () => {
    const recorder = recordingIo();
    expect(await run(['doctor', '--nonsense'], { env: {}, cwd: '/', io: recorder.io })).toBe(2);
    expect(recorder.err()).toContain('./genai help doctor');
  });

  it('runs as a process of its own', () => {
    const script = join(import.meta.dirname, 'main.ts');
    const result = spawnSync(process.execPath, [script, 'version', '--json'], { encoding: 'utf8' });
    expect(result.status).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});

describe('messages', () => {
  it('have the same values in both languages', () => {
    for (const [code, { en, ja }] of Object.entries(MESSAGES)) {
      const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].toSorted();
      expect(names(ja), code).toEqual(names(en));
    }
  });

  it('are filled without touching what is not a value', () => {
    expect(fillMessage('main.unknown-verb', 'en', { verb: '{reason} $&' })).toBe('"{reason} $&" is not a command.');
    expect(fillMessage('main.unknown-verb', 'en', {})).toBe('"{verb}" is not a command.');
  });

  it('follow --lang, then LC_ALL, then LANG', () => {
    expect(chooseLanguage(null, { LANG: 'ja_JP.UTF-8' })).toBe('ja');
    expect(chooseLanguage(null, { LC_ALL: 'C', LANG: 'ja_JP.UTF-8' })).toBe('en');
    expect(chooseLanguage('ja', { LC_ALL: 'C' })).toBe('ja');
    expect(chooseLanguage(null, {})).toBe('en');
  });
});

describe('tables and bars', () => {
  it('line up with Japanese text and keep control characters from the terminal', () => {
    expect(cellWidth('モデルab')).toBe(8);
    expect(
      renderTable(
        ['名前', 'x'],
        [
          ['ab', '1'],
          ['モデル', 'a\u001B[2Jb\nc'],
        ],
      ),
    ).toBe('名前    x\n------  --------\nab      1\nモデル  a [2Jb c');
  });

  it('show the share in percent', () => {
    expect(progressLine(50, 'half', 80)).toBe('[############------------]  50 %  half');
    expect(progressLine(250, 'over', 80)).toContain('100 %');
    expect(progressLine(null, 'working', 4)).toBe('work');
  });
});
