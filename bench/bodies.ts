// Request bodies of the bench: chat completions of an exact size with text that looks like text, in two scripts, with escapes.

/** Already escaped for JSON. */
const PROSE = JSON.stringify(
  'The quarterly report shows that requests grew by a third while the average answer became shorter; see section 4.2 for the "details".\n' +
    '問い合わせ件数は前四半期より三割増えましたが、平均の回答は短くなりました。\n',
).slice(1, -1);

/** A chat completion request of `sizeBytes` bytes (at least about 250). */
export function chatBody(sizeBytes: number, stream: 'none' | 'burst' | 'paced' | 'long' = 'none'): Buffer {
  const streaming = stream === 'none' ? '' : '"stream":true,';
  const head = `{"model":"bench",${streaming}"user":"bench-${stream}","max_tokens":256,"temperature":0.2,"messages":[{"role":"system","content":"You answer briefly."},{"role":"user","content":"`;
  const tail = '"}]}';
  let room = sizeBytes - Buffer.byteLength(head) - Buffer.byteLength(tail);
  let text = '';
  while (room >= Buffer.byteLength(PROSE)) {
    text += PROSE;
    room -= Buffer.byteLength(PROSE);
  }
  return Buffer.from(`${head}${text}${'x'.repeat(Math.max(room, 0))}${tail}`);
}
