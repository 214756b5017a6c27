"""LiteLLM with its `langfuse` or `langfuse_otel` callback: a success, a stream and a failure, answered by LiteLLM's own mock."""
import json
import sys
import time

import litellm

callback, session = sys.argv[1:]
litellm.success_callback = [callback]
litellm.failure_callback = [callback]
if callback == "langfuse_otel":
    litellm.callbacks = [callback]
    litellm.success_callback = litellm.failure_callback = []
metadata = {"trace_name": f"litellm {callback}", "session_id": session, "trace_user_id": "python-user", "tags": ["litellm"], "generation_name": "mocked"}
messages = [{"role": "user", "content": "東京の天気は?"}]
answer = litellm.completion(model="gpt-4o-mini", messages=messages, mock_response="晴れ", metadata=dict(metadata))
parts = litellm.completion(model="gpt-4o-mini", messages=messages, mock_response="曇り", stream=True, metadata=dict(metadata))
streamed = "".join(part.choices[0].delta.content or "" for part in parts)
try:
    litellm.completion(model="gpt-4o-mini", messages=messages, mock_response=litellm.RateLimitError("too fast", "openai", "gpt-4o-mini"), metadata=dict(metadata))
    failed = False
except litellm.RateLimitError:
    failed = True
# The callbacks run in threads that nothing joins: the SDK's own flush comes after them.
time.sleep(3)
print(json.dumps({"id": answer.id, "streamed": streamed, "failed": failed}))
