"""Generation 2 of Langfuse's Python SDK (batches): decorators, scores, the low-level client; `second` updates the trace of another process."""
import json
import sys

from langfuse import Langfuse
from langfuse.decorators import langfuse_context, observe

client = Langfuse()
assert client.auth_check()


@observe(as_type="generation")
def answer(question: str) -> str:
    langfuse_context.update_current_observation(model="gpt-4o-mini", usage={"input": 12, "output": 3}, metadata={"step": "answer"})
    return "晴れ"


@observe()
def agent(question: str) -> str:
    langfuse_context.update_current_trace(name="decorated-2", user_id="python-user", session_id="python-session", tags=["python", "2"], metadata={"first": True})
    langfuse_context.score_current_trace(name="quality", value=0.9, comment="good")
    langfuse_context.score_current_observation(name="kind", value="yes")
    return answer(question)


def first() -> dict:
    trace_id = None

    @observe()
    def run() -> None:
        nonlocal trace_id
        trace_id = langfuse_context.get_current_trace_id()
        agent("東京の天気は?")

    run()
    langfuse_context.flush()
    return {"traceId": trace_id}


def second(trace_id: str) -> dict:
    trace = client.trace(id=trace_id, metadata={"second": True}, output={"said": "another process"}, tags=["late"])
    span = trace.span(name="from-another-process", input={"q": 1})
    span.end(output={"a": 2})
    client.score(trace_id=trace_id, name="late", value=1, data_type="BOOLEAN")
    client.flush()
    return {"traceId": trace_id}


def read(trace_id: str) -> dict:
    trace = client.fetch_trace(trace_id).data
    return {"names": sorted(one.name for one in trace.observations)}


print(json.dumps({"first": first, "second": second, "read": read}[sys.argv[1]](*sys.argv[2:])))
