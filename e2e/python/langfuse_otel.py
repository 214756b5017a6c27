"""Generations 3, 4 and 5 of Langfuse's Python SDK (OpenTelemetry): decorators, scores, events; `second` adds to the trace of another process."""
import json
import sys

from langfuse import get_client, observe, propagate_attributes

client = get_client()
assert client.auth_check()


@observe(as_type="generation")
def answer(question: str) -> str:
    client.update_current_generation(model="gpt-4o-mini", usage_details={"input": 12, "output": 3}, metadata={"step": "answer"})
    return "晴れ"


@observe(as_type="tool")
def weather(city: str) -> dict:
    return {"sky": "clear"}


@observe()
def agent(question: str) -> str:
    client.score_current_trace(name="quality", value=0.9, comment="good")
    client.score_current_span(name="kind", value="yes")
    client.create_event(name="looked-up", metadata={"city": "Tokyo"})
    weather("Tokyo")
    return answer(question)


def first(generation: str) -> dict:
    with propagate_attributes(trace_name=f"decorated-{generation}", user_id="python-user", session_id="python-session", tags=["python", generation]):
        with client.start_as_current_observation(name="run", as_type="agent", input={"question": "東京の天気は?"}) as run:
            run.update(output={"answer": agent("東京の天気は?")})
            trace_id = run.trace_id
    client.flush()
    return {"traceId": trace_id}


def second(trace_id: str) -> dict:
    with propagate_attributes(tags=["late"], metadata={"second": "yes"}):
        with client.start_as_current_observation(name="from-another-process", trace_context={"trace_id": trace_id}, input={"q": 1}) as span:
            span.update(output={"a": 2})
    client.create_score(trace_id=trace_id, name="late", value=1, data_type="BOOLEAN")
    client.flush()
    return {"traceId": trace_id}


def read(trace_id: str) -> dict:
    """The names of the trace's observations by the second API for observations, which every generation has from 3.x on in one place or another."""
    api = client.api
    observations = api.observations_v_2 if hasattr(api, "observations_v_2") else api.observations
    found = observations.get_many(trace_id=trace_id, limit=100).data
    return {"names": sorted(one["name"] if isinstance(one, dict) else one.name for one in found)}


print(json.dumps({"first": first, "second": second, "read": read}[sys.argv[1]](*sys.argv[2:])))
client.shutdown()
