// The fake provider's files and batches: OpenAI's documented states, one step a look, with an output line for every line that was asked.
import type { ServerResponse } from 'node:http';
import type { RecordedRequest } from './fake-provider.ts';

interface KeptFile {
  id: string;
  filename: string;
  purpose: string;
  content: Buffer;
}

type Step = 'validating' | 'in_progress' | 'finalizing' | 'completed' | 'cancelling' | 'cancelled' | 'expired' | 'failed';

interface KeptBatch {
  id: string;
  status: Step;
  input: KeptFile;
  asked: Record<string, unknown>;
  outputFileId: string | null;
  errorFileId: string | null;
  errors: object | null;
}

const NEXT: Partial<Record<Step, Step>> = { validating: 'in_progress', in_progress: 'finalizing', finalizing: 'completed', cancelling: 'cancelled' };

export class FakeBatches {
  readonly files = new Map<string, KeptFile>();
  readonly batches = new Map<string, KeptBatch>();
  /** Batches stand still: a look takes them no step further. */
  held = false;
  /** Every open batch ends so with its next look; half of an expired one’s lines were answered. */
  endsAs: 'completed' | 'expired' | 'failed' | null = null;
  /** Batches begin, and the answer that says so is lost. */
  losesAnswers = false;
  #count = 0;

  /** Answers what is under `/files` and `/batches`; false = another path. */
  serve({ method, path, headers, body }: RecordedRequest, response: ServerResponse): boolean {
    const match = /^\/(?:v1|openai(?:\/v1)?)\/(files|batches)(?:\/([\w-]+))?(?:\/(\w+))?(?:\?|$)/.exec(path);
    if (match === null) return false;
    const [, what, id, part] = match;
    if (what === 'files') this.#file({ method, id, part, type: headers['content-type'] ?? '', body }, response);
    else this.#batch({ method, id, part, body, query: new URLSearchParams(path.split('?')[1] ?? '') }, response);
    return true;
  }

  #file(
    { method, id, part, type, body }: { method: string; id: string | undefined; part: string | undefined; type: string; body: Buffer },
    response: ServerResponse,
  ): unknown {
    if (id === undefined) {
      if (method !== 'POST') return send(response, 200, { object: 'list', data: [...this.files.values()].map(shownFile), has_more: false });
      const file = this.#keep(uploaded(type, body));
      return send(response, 200, shownFile(file));
    }
    const file = this.files.get(id);
    if (file === undefined) return send(response, 404, refused(`No such File object: ${id}`));
    if (method === 'DELETE') {
      this.files.delete(id);
      return send(response, 200, { id, object: 'file', deleted: true });
    }
    if (part !== 'content') return send(response, 200, shownFile(file));
    return response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.content.length }).end(file.content);
  }

  #batch(asked: { method: string; id: string | undefined; part: string | undefined; body: Buffer; query: URLSearchParams }, response: ServerResponse): unknown {
    const { method, id, part, body, query } = asked;
    if (id === undefined && method === 'POST') return this.#begin(JSON.parse(body.toString('utf8')), response);
    if (id === undefined) {
      const all = [...this.batches.values()].reverse();
      const from = all.findIndex((batch) => batch.id === query.get('after')) + 1;
      const data = all.slice(from, from + Number(query.get('limit') ?? 20));
      return send(response, 200, { object: 'list', data: data.map(shownBatch), has_more: from + data.length < all.length });
    }
    const batch = this.batches.get(id);
    if (batch === undefined) return send(response, 404, refused(`No batch found with id '${id}'.`));
    if (part === 'cancel') batch.status = 'cancelling';
    else this.#step(batch);
    return send(response, 200, shownBatch(batch));
  }

  #begin(asked: Record<string, unknown>, response: ServerResponse): unknown {
    const input = this.files.get(String(asked.input_file_id));
    if (input === undefined) return send(response, 400, refused(`Invalid file id ${asked.input_file_id}`));
    const batch: KeptBatch = { id: `batch_fake${++this.#count}`, status: 'validating', input, asked, outputFileId: null, errorFileId: null, errors: null };
    this.batches.set(batch.id, batch);
    return this.losesAnswers ? response.destroy() : send(response, 200, shownBatch(batch));
  }

  #step(batch: KeptBatch): void {
    const open = NEXT[batch.status] !== undefined;
    if (!open || this.held) return;
    batch.status = this.endsAs ?? (NEXT[batch.status] as Step);
    if (batch.status === 'failed') batch.errors = { object: 'list', data: [{ code: 'invalid_json_line', message: 'Line 1 is wrong', line: 1, param: null }] };
    if (['completed', 'expired', 'cancelled'].includes(batch.status)) this.#answer(batch, batch.status === 'completed' ? 1 : 0.5);
  }

  #answer(batch: KeptBatch, share: number): void {
    const lines = batch.input.content
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    const answered = lines.slice(0, Math.ceil(lines.length * share));
    const answers = answered.map((line, index) => {
      const { custom_id, body } = JSON.parse(line);
      const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
      const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: `answer ${index}` } }];
      const answer = { id: `chatcmpl-${index}`, object: 'chat.completion', created: 1_700_000_000, model: `${body.model}-2024`, choices, usage };
      return JSON.stringify({ id: `batch_req_${index}`, custom_id, response: { status_code: 200, request_id: 'r', body: answer }, error: null });
    });
    const keep = (content: string): string => this.#keep({ filename: 'output.jsonl', purpose: 'batch_output', content: Buffer.from(content) }).id;
    batch.outputFileId = keep(answers.map((line) => `${line}\n`).join(''));
    const left = lines
      .slice(answered.length)
      .map((line) => JSON.stringify({ custom_id: JSON.parse(line).custom_id, error: { code: 'batch_expired', message: 'too late' } }));
    if (left.length > 0) batch.errorFileId = keep(left.map((line) => `${line}\n`).join(''));
  }

  #keep(file: Omit<KeptFile, 'id'>): KeptFile {
    const kept = { ...file, id: `file-fake${++this.#count}` };
    this.files.set(kept.id, kept);
    return kept;
  }
}

function uploaded(type: string, body: Buffer): Omit<KeptFile, 'id'> {
  const boundary = /boundary=(.*)$/.exec(type)?.[1] ?? '';
  const parts = body.toString('latin1').split(`--${boundary}`);
  const part = (name: string): string => parts.find((one) => one.includes(`name="${name}"`)) ?? '';
  const content = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4, -2);
  return {
    filename: /filename="([^"]*)"/.exec(part('file'))?.[1] ?? '',
    purpose: content(part('purpose')),
    content: Buffer.from(content(part('file')), 'latin1'),
  };
}

const shownFile = ({ id, filename, purpose, content }: KeptFile): object => ({
  ...{ id, object: 'file', bytes: content.length, created_at: 1_700_000_000, filename, purpose, status: 'processed', expires_at: null, status_details: null },
});

function shownBatch({ id, status, asked, outputFileId, errorFileId, errors, input }: KeptBatch): object {
  const total = input.content
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '').length;
  return {
    ...asked,
    ...{ id, object: 'batch', status, errors, output_file_id: outputFileId, error_file_id: errorFileId, created_at: Math.floor(Date.now() / 1000) },
    request_counts: { total, completed: status === 'completed' ? total : 0, failed: 0 },
  };
}

const refused = (message: string): object => ({ error: { message, type: 'invalid_request_error', param: null, code: null } });

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
