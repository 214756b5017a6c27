"""Four Python clients ask the gateway for one answer and one stream each. argv: address of the gateway, model. GENAI_KEY: a virtual key. Prints JSON."""

import json
import os
import sys

import anthropic
import litellm
import openai
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

base, model = sys.argv[1:]
key = os.environ["GENAI_KEY"]
question = "こんにちは"
messages = [{"role": "user", "content": question}]
said = {}

openai_client = openai.OpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0)
answer = openai_client.chat.completions.create(model=model, messages=messages)
stream = openai_client.chat.completions.create(model=model, messages=messages, stream=True)
said["openai"] = {
    "whole": answer.choices[0].message.content,
    "tokens": answer.usage.total_tokens,
    "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices),
}

anthropic_client = anthropic.Anthropic(base_url=base, api_key=key, max_retries=0)
message = anthropic_client.messages.create(model=model, max_tokens=100, messages=messages)
with anthropic_client.messages.stream(model=model, max_tokens=100, messages=messages) as events:
    streamed = "".join(events.text_stream)
said["anthropic"] = {
    "whole": message.content[0].text,
    "tokens": message.usage.input_tokens + message.usage.output_tokens,
    "streamed": streamed,
}

for name, chat in {
    "langchain-openai": ChatOpenAI(model=model, base_url=f"{base}/v1", api_key=key, max_retries=0),
    "langchain-anthropic": ChatAnthropic(model=model, base_url=base, api_key=key, max_retries=0, max_tokens=100),
}.items():
    reply = chat.invoke(question)
    said[name] = {
        "whole": reply.text if isinstance(reply.text, str) else reply.text(),
        "tokens": reply.usage_metadata["total_tokens"],
        "streamed": "".join(str(chunk.text if isinstance(chunk.text, str) else chunk.text()) for chunk in chat.stream(question)),
    }

asked = {"model": f"litellm_proxy/{model}", "api_base": base, "api_key": key, "messages": messages}
completion = litellm.completion(**asked)
said["litellm"] = {
    "whole": completion.choices[0].message.content,
    "tokens": completion.usage.total_tokens,
    "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(stream=True, **asked)),
}

print(json.dumps(said))
