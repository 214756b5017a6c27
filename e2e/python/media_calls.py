"""OpenAI's Python client speaks a text and has the sound heard. argv: address of the gateway. GENAI_KEY: a virtual key. Prints JSON."""

import json
import os
import sys

import openai

client = openai.OpenAI(base_url=f"{sys.argv[1]}/v1", api_key=os.environ["GENAI_KEY"], max_retries=0)
with client.audio.speech.with_streaming_response.create(model="speaker", voice="alloy", input="hello") as answer:
    sound = b"".join(answer.iter_bytes())
heard = client.audio.transcriptions.create(model="listener", file=("hello.wav", sound, "audio/wav"))
print(json.dumps({"spoken": len(sound), "heard": heard.text}))
