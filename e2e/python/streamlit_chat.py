"""Drives examples/streamlit/app.py by Streamlit's AppTest: two turns on the first model, then a new session. Prints what the page showed as JSON.

argv: path of the app, `on` or `off` for tracing.
"""

import json
import sys
from importlib.metadata import version

from streamlit.testing.v1 import AppTest

app_path, tracing = sys.argv[1:3]
page = AppTest.from_file(app_path, default_timeout=60).run()
assert not page.exception, page.exception
models = list(page.selectbox(key="model").options)
page.selectbox(key="model").set_value("demo").run()
if tracing == "on":
    page.toggle(key="tracing").set_value(True).run()
session = page.session_state["session"]
for question in ["こんにちは！", "もう一度お願いします。"]:
    page.chat_input[0].set_value(question).run()
    assert not page.exception, page.exception
shown = [[message.name, message.markdown[0].value] for message in page.chat_message]
costs = [caption.value for caption in page.caption if "USD" in caption.value]
page.button(key="new").click().run()
print(
    json.dumps(
        {
            "langfuse": version("langfuse"),
            "models": models,
            "session": session,
            "newSession": page.session_state["session"],
            "shown": shown,
            "afterNew": len(page.chat_message),
            "costs": costs,
            "errors": [error.value for error in page.error],
        }
    )
)
