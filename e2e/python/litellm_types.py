"""Rows of an exported LiteLLM database, read by LiteLLM's own types and secrets: argv[1] is a JSON file {table: [rows]}. Prints what it made of them as JSON."""

import json
import sys

from litellm.proxy._types import (
    LiteLLM_BudgetTable,
    LiteLLM_EndUserTable,
    LiteLLM_OrganizationTable,
    LiteLLM_TeamMembership,
    LiteLLM_TeamTable,
    LiteLLM_UserTable,
    LiteLLM_VerificationToken,
    UserAPIKeyAuth,
)
from litellm.proxy.common_utils.encrypt_decrypt_utils import decrypt_value_helper

TYPES = {
    "BudgetTable": LiteLLM_BudgetTable,
    "OrganizationTable": LiteLLM_OrganizationTable,
    "TeamTable": LiteLLM_TeamTable,
    "UserTable": LiteLLM_UserTable,
    "VerificationToken": LiteLLM_VerificationToken,
    "EndUserTable": LiteLLM_EndUserTable,
    "TeamMembership": LiteLLM_TeamMembership,
}

with open(sys.argv[1]) as file:
    tables = json.load(file)

counts = {}
for name, rows in tables.items():
    if name in TYPES:
        for row in rows:
            budget = {"litellm_budget_table": None} if name == "TeamMembership" else {}
            TYPES[name](**row, **budget)
        counts[name] = len(rows)
# What LiteLLM makes of a key when a request comes with it.
for row in tables["VerificationToken"]:
    UserAPIKeyAuth(**row)
params = [
    {name: decrypt_value_helper(value, key=name) if isinstance(value, str) else value for name, value in row["litellm_params"].items()}
    for row in tables["ProxyModelTable"]
]
print(json.dumps({"counts": counts, "params": params}))
