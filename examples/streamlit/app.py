"""A chat over the platform: choose a model, talk, see the cost of each answer; one session is one trace list in the console.

Settings come from the environment: OPENAI_BASE_URL and OPENAI_API_KEY (a virtual key), and for tracing of our own
LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL. Works with the Langfuse SDK 3.x (from 3.9) and 4.x.
"""

import os
import uuid
from contextlib import ExitStack

import requests
import streamlit as st

BASE_URL = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:4000/v1").rstrip("/")
API_KEY = os.environ.get("OPENAI_API_KEY", "")
TIMEOUT_SECONDS = 120

TEXTS = {
    "en": {
        "title": "Chat",
        "model": "Model",
        "user": "Your id",
        "tracing": "Trace with the Langfuse SDK",
        "new": "New session",
        "ask": "Ask something",
        "no_key": "Set OPENAI_API_KEY to a virtual key of the gateway and start again.",
        "no_models": "The gateway lists no model for this key: {reason}",
        "failed": "The gateway answered {status}: {reason}",
        "cost": "{cost} USD · {model}",
        "session": "Session",
    },
    "ja": {
        "title": "チャット",
        "model": "モデル",
        "user": "利用者 ID",
        "tracing": "Langfuse SDK でトレースする",
        "new": "新しいセッション",
        "ask": "質問を入力",
        "no_key": "OPENAI_API_KEY にゲートウェイの仮想キーを設定して、起動し直してください。",
        "no_models": "このキーで使えるモデルがありません: {reason}",
        "failed": "ゲートウェイの応答 {status}: {reason}",
        "cost": "{cost} USD · {model}",
        "session": "セッション",
    },
}


def list_models() -> list[str]:
    """Names of the models that the key may use. Raises requests.RequestException."""
    answer = requests.get(f"{BASE_URL}/models", headers={"Authorization": f"Bearer {API_KEY}"}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return [model["id"] for model in answer.json()["data"]]


def complete(model: str, messages: list[dict], user: str, session: str, trace: dict[str, str]) -> requests.Response:
    """One chat completion, not streamed. `trace` holds the W3C headers of the caller's span, or nothing."""
    return requests.post(
        f"{BASE_URL}/chat/completions",
        headers={"Authorization": f"Bearer {API_KEY}", "x-litellm-session-id": session, **trace},
        json={"model": model, "messages": messages, "user": user},
        timeout=TIMEOUT_SECONDS,
    )


def ask(model: str, messages: list[dict], user: str, session: str, tracing: bool) -> requests.Response:
    """Asks the gateway; with tracing the call hangs under a span that the Langfuse SDK reports, and its cost still counts once."""
    if not tracing:
        return complete(model, messages, user, session, {})
    from langfuse import get_client, propagate_attributes
    from opentelemetry.propagate import inject

    langfuse = get_client()
    with ExitStack() as stack:
        span = stack.enter_context(langfuse.start_as_current_observation(name="streamlit-chat", as_type="span", input=messages[-1]["content"]))
        stack.enter_context(propagate_attributes(user_id=user, session_id=session, tags=["streamlit"]))
        trace: dict[str, str] = {}
        inject(trace)
        answer = complete(model, messages, user, session, trace)
        if answer.ok:
            span.update(output=answer.json()["choices"][0]["message"]["content"])
        else:
            span.update(level="ERROR", status_message=f"HTTP {answer.status_code}")
    langfuse.flush()
    return answer


def reason_of(answer: requests.Response) -> str:
    """The message of an error answer."""
    try:
        return answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:300]


def main() -> None:
    st.set_page_config(page_title="GenAI chat")
    language = st.sidebar.radio("Language / 言語", ["ja", "en"], horizontal=True)
    text = TEXTS[language]
    st.title(text["title"])
    if API_KEY == "":
        st.error(text["no_key"])
        return
    try:
        models = list_models()
    except requests.RequestException as error:
        st.error(text["no_models"].format(reason=error))
        return
    model = st.sidebar.selectbox(text["model"], models, key="model")
    user = st.sidebar.text_input(text["user"], value="streamlit-user", key="user")
    tracing = st.sidebar.toggle(text["tracing"], value=False, key="tracing", disabled="LANGFUSE_PUBLIC_KEY" not in os.environ)
    if st.sidebar.button(text["new"], key="new") or "session" not in st.session_state:
        st.session_state.session = f"streamlit-{uuid.uuid4()}"
        st.session_state.messages = []
    st.sidebar.caption(f"{text['session']}: {st.session_state.session}")
    for message in st.session_state.messages:
        st.chat_message(message["role"]).write(message["content"])

    question = st.chat_input(text["ask"])
    if not question:
        return
    st.chat_message("user").write(question)
    messages = [*st.session_state.messages, {"role": "user", "content": question}]
    answer = ask(model, messages, user, st.session_state.session, tracing)
    if not answer.ok:
        st.error(text["failed"].format(status=answer.status_code, reason=reason_of(answer)))
        return
    reply = answer.json()["choices"][0]["message"]["content"]
    st.session_state.messages = [*messages, {"role": "assistant", "content": reply}]
    st.chat_message("assistant").write(reply)
    st.caption(text["cost"].format(cost=answer.headers.get("x-litellm-response-cost", "?"), model=model))


main()
