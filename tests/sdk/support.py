"""What the programs share: who they are, clients that are watched on the wire, and how calls are refused.

The programs run against a server that the Rust test has started; see tests/it/sdk.rs for what it passes.
"""

import asyncio
import faulthandler
import inspect
import json
import os
import sys
import time
import traceback
from datetime import datetime

import httpx
from label_studio_sdk import AsyncLabelStudio, LabelStudio
from label_studio_sdk.core.api_error import ApiError

URL = os.environ["LABEL_STUDIO_URL"]
OWNER = os.environ["OWNER_PERSONAL_TOKEN"]
OWNER_LEGACY = os.environ["OWNER_LEGACY_TOKEN"]
MANAGER = os.environ["MANAGER_PERSONAL_TOKEN"]
ANNOTATOR = os.environ["ANNOTATOR_PERSONAL_TOKEN"]
GOOGLE_KEY_FILE = os.environ["GOOGLE_KEY_FILE"]

# A program that takes longer hangs, most likely in a list whose pages never end.
LIMIT_S = 120

# Ids that nothing has: small, beyond 32 bits, beyond 64 bits, and beyond anything.
UNKNOWN_IDS = (999_999, 2**31, 2**63, 2**64, 10**30)

# What a request may not be refused with, since the clients would send it again.
RETRIED = (408, 409, 429)

CHOICES_CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="sentiment" toName="text">
    <Choice value="Positive"/>
    <Choice value="Negative"/>
  </Choices>
</View>"""

PROVIDERS = {
    "OpenAI": {"api_key": "sk-proj-S3cretOpenAiS3cretOpenAi01"},
    "Gemini": {"api_key": "AIzaS3cretGeminiS3cretGeminiS3cret02"},
    "Anthropic": {"api_key": "sk-ant-api03-S3cretAnthropicS3cret03"},
    "VertexAI": {
        "google_application_credentials": GOOGLE_KEY_FILE,
        "google_project_id": "fennel-ml-prod",
        "google_location": "europe-west4",
    },
    "AzureOpenAI": {
        "deployment_name": "gpt-5-eu",
        "endpoint": "https://fennel.openai.azure.com/",
        "api_key": "S3cretAzureOpenAiS3cretAzure04",
    },
    "AzureAIFoundry": {
        "deployment_name": "mistral-large",
        "endpoint": "https://fennel.services.ai.azure.com/models",
        "api_key": "S3cretFoundryS3cretFoundry05",
    },
    "Custom": {
        "deployment_name": "llama3.2",
        "endpoint": "https://llm.fennel.example/v1",
        "api_key": "S3cretCustomKeyS3cretCustom06",
        "auth_token": "S3cretCustomTokenS3cretCustom07",
    },
}

# One of each organization; of the others there may be many.
SINGLE = ("OpenAI", "Gemini", "Anthropic", "VertexAI")

SECRETS = [
    fields[member] for fields in PROVIDERS.values() for member in ("api_key", "auth_token") if member in fields
] + [json.loads(GOOGLE_KEY_FILE)["private_key"]]


class Wire:
    """All that went over the wire between one client and the server."""

    def __init__(self):
        self.answers = []

    def sync_client(self):
        return httpx.Client(timeout=30, follow_redirects=True, event_hooks={"response": [self._keep]})

    def async_client(self):
        return httpx.AsyncClient(timeout=30, follow_redirects=True, event_hooks={"response": [self._keep_either]})

    @property
    def last(self):
        """The JSON of the newest answer, with nothing filled in by the client."""
        return self.answers[-1].json()

    @property
    def status(self):
        return self.answers[-1].status_code

    def asked(self, method, path):
        """How often the client sent that request."""
        return sum(
            1
            for answer in self.answers
            if answer.request.method == method and answer.request.url.path.rstrip("/") == path.rstrip("/")
        )

    def says_nothing_of(self, secrets):
        for answer in self.answers:
            for secret in secrets:
                where = f"{answer.request.method} {answer.request.url.path}"
                # In JSON, the line breaks of a private key are written in two characters.
                for spelling in {secret, json.dumps(secret)[1:-1]}:
                    assert spelling not in answer.text, f"the answer to {where} tells a secret"
                    assert spelling not in str(answer.headers), f"a header of the answer to {where} tells a secret"
            assert not answer.history, f"{answer.request.url} was redirected"

    def _keep(self, answer):
        answer.read()
        self.answers.append(answer)

    def _keep_either(self, answer):
        """The asynchronous client exchanges tokens through a synchronous twin, which inherits its hooks."""
        if isinstance(answer.stream, httpx.AsyncByteStream):
            return self._keep_async(answer)
        return self._keep(answer)

    async def _keep_async(self, answer):
        await answer.aread()
        self.answers.append(answer)


def connect(token=OWNER, **more):
    """A client and its wire."""
    wire = Wire()
    return LabelStudio(base_url=URL, api_key=token, httpx_client=wire.sync_client(), **more), wire


def connect_async(token=OWNER, **more):
    """An asynchronous client and its wire."""
    wire = Wire()
    return AsyncLabelStudio(base_url=URL, api_key=token, httpx_client=wire.async_client(), **more), wire


def refused(status, call, *args, **kwargs):
    """The body of the error that a call ends with; it must have that status and Label Studio's shape."""
    try:
        answer = call(*args, **kwargs)
    except ApiError as error:
        return _judged(status, error)
    raise AssertionError(f"expected {status}, but the call was answered: {answer!r}")


async def refused_async(status, call):
    """The same for the awaitable of a call."""
    try:
        answer = await call
    except ApiError as error:
        return _judged(status, error)
    raise AssertionError(f"expected {status}, but the call was answered: {answer!r}")


def refused_for_good(call, *args, **kwargs):
    """The same for what may be refused in several ways, as long as the clients do not send it again."""
    try:
        answer = call(*args, **kwargs)
    except ApiError as error:
        assert 400 <= error.status_code < 500, f"{error.status_code} is retried: {error.body}"
        assert error.status_code not in RETRIED, f"{error.status_code} is retried: {error.body}"
        return _judged(error.status_code, error)
    raise AssertionError(f"expected a refusal, but the call was answered: {answer!r}")


def refused_field(field, call, *args, **kwargs):
    """What a call is told of a member that is wrong."""
    body = refused(400, call, *args, **kwargs)
    errors = body.get("validation_errors")
    assert isinstance(errors, dict), f"no validation_errors: {body}"
    assert field in errors, f"nothing of {field}: {errors}"
    for messages in errors.values():
        assert isinstance(messages, list) and messages, f"not a list of messages: {errors}"
        assert all(isinstance(message, str) and message for message in messages), f"not messages: {errors}"
    return errors


def _judged(status, error):
    assert error.status_code == status, f"expected {status}, got {error.status_code}: {error.body!r}"
    assert isinstance(error.body, dict), f"the body of {status} is no JSON object: {error.body!r}"
    for member in ("id", "status_code", "version", "detail", "exc_info"):
        assert member in error.body, f"{member} is missing: {error.body}"
    assert error.body["status_code"] == status, f"the body says another status: {error.body}"
    assert isinstance(error.body["detail"], str) and error.body["detail"], f"no words: {error.body}"
    assert error.body["exc_info"] is None, f"something inside is told: {error.body}"
    return error.body


def unchanged(before, now):
    """Two answers say the same in all that the client knows; how a connection is doing may change any time."""
    names = type(before).model_fields
    differing = {name: (getattr(before, name), getattr(now, name)) for name in names}
    differing = {name: pair for name, pair in differing.items() if pair[0] != pair[1]}
    assert not differing, f"was and is: {differing}"


def has_members(found, names, what):
    """All these are there, also those that are null."""
    missing = sorted(set(names) - set(found))
    assert not missing, f"{what} lacks {', '.join(missing)}: {found}"


def is_moment(value, what):
    """The client made a time of it, with a zone."""
    assert isinstance(value, datetime), f"{what} was not understood as a time: {value!r}"
    assert value.utcoffset() is not None, f"{what} has no zone: {value!r}"
    assert not value.utcoffset(), f"{what} is not UTC: {value!r}"


def is_integer(value, what):
    assert isinstance(value, int) and not isinstance(value, bool), f"{what} is no integer: {value!r}"


def is_person(person, what):
    """A user as a JSON object."""
    assert isinstance(person, dict), f"{what} is no object: {person!r}"
    has_members(person, ("id", "first_name", "last_name", "username", "email", "avatar"), what)
    is_integer(person["id"], f"{what}.id")
    assert person["username"], f"{what} has no username: {person}"


def quickly(call, *args, **kwargs):
    """The result of a call that neither waits for a provider nor is sent again after a pause."""
    started = time.monotonic()
    result = call(*args, **kwargs)
    took = time.monotonic() - started
    # The shortest pause before a second try is 0.9 seconds.
    assert took < 5, f"took {took:.1f} s"
    return result


def remove_connections(client):
    """Leaves none, so that each check starts alike."""
    for connection in client.model_providers.list():
        client.model_providers.delete(connection.id)


def remove_all(client):
    """Leaves no connection and no prompt."""
    remove_connections(client)
    while prompts := client.prompts.list().results:
        for prompt in prompts:
            client.prompts.delete(prompt.id)


def run(*checks, before=None):
    """Runs all checks, also after one has failed, and ends the program."""
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    failed = 0
    for check in checks:
        try:
            if before:
                before()
            result = check()
            if inspect.iscoroutine(result):
                asyncio.run(result)
        except Exception as error:
            failed += 1
            print(f"FAILED {check.__name__}")
            traceback.print_tb(error.__traceback__, file=sys.stdout)
            # Its own words begin with a screenful of headers.
            words = f"{error.status_code} {error.body}" if isinstance(error, ApiError) else error
            print(f"{type(error).__name__}: {words}", flush=True)
        else:
            print(f"passed {check.__name__}", flush=True)
    print(f"{len(checks) - failed} of {len(checks)} passed", flush=True)
    sys.exit(1 if failed else 0)
