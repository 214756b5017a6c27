// Snippets that call a model through the gateway, ready to paste; the key stays a shell variable so that none lands in a history by copying.

export type SnippetKind = 'curl' | 'python' | 'typescript';

export interface SnippetOptions {
  /** Base of the gateway door, for example http://127.0.0.1:4000. */
  gateway: string;
  model: string;
  mode: string | null;
  /** What the call says, in the reader's language. */
  prompt: string;
}

/** The text of a snippet; model and prompt are quoted for the language they stand in. */
export function snippet(kind: SnippetKind, options: SnippetOptions): string {
  const base = options.gateway.replace(/\/+$/, '');
  const embedding = options.mode === 'embedding';
  const model = JSON.stringify(options.model);
  const prompt = JSON.stringify(options.prompt);
  if (kind === 'curl')
    return curl(
      base,
      embedding ? { model: options.model, input: options.prompt } : { model: options.model, messages: [{ role: 'user', content: options.prompt }] },
      embedding,
    );
  if (kind === 'python') {
    const head = `import os\nfrom openai import OpenAI\n\nclient = OpenAI(base_url="${base}/v1", api_key=os.environ["GENAI_API_KEY"])\n`;
    if (embedding) return `${head}answer = client.embeddings.create(model=${model}, input=${prompt})\nprint(len(answer.data[0].embedding))`;
    return `${head}answer = client.chat.completions.create(\n    model=${model},\n    messages=[{"role": "user", "content": ${prompt}}],\n)\nprint(answer.choices[0].message.content)`;
  }
  const head = `import OpenAI from 'openai';\n\nconst client = new OpenAI({ baseURL: '${base}/v1', apiKey: process.env.GENAI_API_KEY });\n`;
  if (embedding)
    return `${head}const answer = await client.embeddings.create({ model: ${model}, input: ${prompt} });\nconsole.log(answer.data[0].embedding.length);`;
  return `${head}const answer = await client.chat.completions.create({\n  model: ${model},\n  messages: [{ role: 'user', content: ${prompt} }],\n});\nconsole.log(answer.choices[0].message.content);`;
}

function curl(base: string, body: unknown, embedding: boolean): string {
  // A quote inside single quotes ends them for a moment: '\''.
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${base}/v1/${embedding ? 'embeddings' : 'chat/completions'} \\\n  -H "Authorization: Bearer $GENAI_API_KEY" \\\n  -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}
