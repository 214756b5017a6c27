"""OpenAI's own Python client against the gateway: an answer, a stream, embeddings, an error that it knows."""
import json
import os
import sys

from openai import AuthenticationError, OpenAI

base, model = sys.argv[1:]
client = OpenAI(base_url=base, api_key=os.environ["GENAI_KEY"], max_retries=0)
messages = [{"role": "user", "content": "hello"}]
answer = client.chat.completions.with_raw_response.create(model=model, messages=messages)
said = answer.parse()
pieces = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(model=model, messages=messages, stream=True) if chunk.choices]
try:
    OpenAI(base_url=base, api_key="sk-wrong", max_retries=0).chat.completions.create(model=model, messages=messages)
    refused = ""
except AuthenticationError as error:
    refused = str(error.status_code)
print(json.dumps({
    "said": said.choices[0].message.content,
    "tokens": said.usage.total_tokens,
    "callId": answer.headers.get("x-litellm-call-id"),
    "streamed": "".join(pieces),
    "models": [entry.id for entry in client.models.list()],
    "refused": refused,
}))
