"""The command `label-studio-sdk`, as people run it: told by its environment where to ask and with which token.

Starting it takes seconds, all of them its own, so only some calls start the program. The others run the same command
within this one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from label_studio_sdk._extensions.cli.main import app
from label_studio_sdk.core.api_error import ApiError
from support import OWNER, PROVIDERS, SECRETS, URL, connect, remove_all, run
from typer.testing import CliRunner

# As an installation from PyPI has it, beside its Python.
PROGRAM = Path(sys.executable).with_name("label-studio-sdk")

ENVIRONMENT = {**os.environ, "LABEL_STUDIO_URL": URL, "LABEL_STUDIO_API_KEY": OWNER}


def connections_are_managed():
    openai = started("model-providers", "create", "-p", "provider=OpenAI", "-p", f"api_key={SECRETS[0]}")
    assert openai["provider"] == "OpenAI" and openai["created_by"]["email"] == "mara@fennel.example", openai
    body = json.dumps({"provider": "AzureOpenAI", **PROVIDERS["AzureOpenAI"]})
    azure = command("model-providers", "create", "--body", body)
    listed = started("model-providers", "list")
    assert [connection["id"] for connection in listed] == [openai["id"], azure["id"]], listed
    assert command("model-providers", "get", "--arg", azure["id"])["endpoint"] == azure["endpoint"]
    changed = command("model-providers", "update", "--arg", azure["id"], "-p", "budget_alert_threshold=12.5")
    assert changed["budget_alert_threshold"] == 12.5, changed
    assert command("model-providers", "delete", "--arg", azure["id"]) is None
    assert [connection["id"] for connection in command("model-providers", "list")] == [openai["id"]]


def the_choices_are_listed():
    choices = command("model-providers", "list-model-provider-choices")
    assert sorted(choices["provider_choices"]) == sorted(PROVIDERS), choices


def prompts_and_versions_are_managed():
    prompt = command("prompts", "create", "-p", "title=From the command line")
    assert [found["id"] for found in command("prompts", "list", "-p", "search=command")["results"]] == [prompt["id"]]
    text = "prompt=Classify {text} as {\"a\": 1}"
    arguments = ("-p", "title=First", "-p", text, "-p", "provider_model_id=gpt-5")
    version = command("prompts", "versions", "create", "--arg", prompt["id"], *arguments)
    assert version["prompt"] == text.removeprefix("prompt="), version
    assert command("prompts", "versions", "list", "--arg", prompt["id"]) == [version]
    assert command("prompts", "runs", "list", "--arg", prompt["id"], "--arg", version["id"]) == []


def who_asks_and_what_answers_is_told():
    assert started("users", "whoami")["email"] == "mara@fennel.example"
    assert command("versions", "get")["edition"] == "Enterprise"
    assert command("jwt-settings", "get")["api_tokens_enabled"] is True


def an_error_ends_the_command_and_says_why():
    ended = CliRunner(env=ENVIRONMENT).invoke(app, ["model-providers", "create", "-p", "provider=OpenAI"])
    assert ended.exit_code != 0, ended.stdout
    assert isinstance(ended.exception, ApiError) and ended.exception.status_code == 400, repr(ended.exception)
    assert "api_key" in ended.exception.body["validation_errors"], ended.exception.body


def command(*arguments):
    """What a command prints."""
    words = [str(argument) for argument in arguments]
    ended = CliRunner(env=ENVIRONMENT).invoke(app, words)
    assert ended.exit_code == 0, f"{words} ended with {ended.exit_code}: {ended.output} {ended.exception!r}"
    return printed(ended.stdout)


def started(*arguments):
    """The same of a program of its own."""
    words = [str(PROGRAM), *map(str, arguments)]
    ended = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, f"{words} ended with {ended.returncode}: {ended.stdout}{ended.stderr}"
    return printed(ended.stdout)


def printed(text):
    for secret in SECRETS:
        assert secret not in text, f"a secret is printed: {text}"
    return json.loads(text)


run(
    connections_are_managed,
    the_choices_are_listed,
    prompts_and_versions_are_managed,
    who_asks_and_what_answers_is_told,
    an_error_ends_the_command_and_says_why,
    before=lambda: remove_all(connect()[0]),
)
