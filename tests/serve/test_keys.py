"""API keys: reading them, asking with them, and what a caller sees."""

import pytest

from dynamicrag.errors import InputError
from dynamicrag.serve import Settings
from dynamicrag.serve.keys import Caller, keys_of, read_keys
from dynamicrag.serve.settings import check_host

from .conftest import ANNA, BERT, asked
from .test_chat import PATH


def test_keys_of_a_file(tmp_path):
    path = tmp_path / "keys.yaml"
    path.write_text(f"anna: {ANNA}\nbert: {{key: {BERT}, filter: {{tenant: b}}, budget: {{usd: 1}}}}\n")
    keys = keys_of(path, {})
    assert keys.caller(ANNA) == Caller("anna")
    assert keys.caller(BERT) == Caller("bert", {"tenant": "b"}, {"usd": 1.0})
    assert keys.caller("bert-key-of-sixteeN") is None
    assert keys.caller("") is None


def test_keys_of_the_environment():
    keys = keys_of(None, {"DYNAMICRAG_API_KEYS": f"anna={ANNA}, {BERT}"})
    assert [keys.caller(ANNA).name, keys.caller(BERT).name] == ["anna", "key2"]
    padded = "MTIzNDU2Nzg5MDEyMzQ1Ng=="
    assert keys_of(None, {"DYNAMICRAG_API_KEYS": f"anna={padded}"}).caller(padded).name == "anna"
    assert keys_of(None, {"DYNAMICRAG_API_KEYS": padded}).caller(padded).name == "key1"
    assert keys_of(None, {"DYNAMICRAG_API_KEYS": " , "}) is None
    assert keys_of(None, {}) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected keys by name"),
        ("- x", "expected keys by name"),
        ("anna: short", "at least 16 ASCII characters"),
        ("anna: 1234567890123456789", "put the key in quotes"),
        ("anna: {kee: x}", "unknown key 'kee'; did you mean 'key'"),
        (f"anna: {{key: {ANNA}, budget: {{usb: 1}}}}", "did you mean 'usd'"),
        (f"anna: {{key: {ANNA}, budget: {{joules: 0}}}}", "expected a number, more than 0"),
        (f"anna: {{key: {ANNA}, filter: x}}", "expected a mapping"),
        (f"anna: {ANNA}\nbert: {ANNA}", "has the key of anna"),
        ("'': x", "expected a name"),
        ("anna: 12345678901234567890", "put the key in quotes"),
        ("anna: [", "keys.yaml"),
    ],
)
def test_a_mistake_in_a_file_is_named_and_no_key_is_shown(tmp_path, text, words):
    path = tmp_path / "keys.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        keys_of(path, {})
    assert words in str(refused.value)
    assert ANNA not in str(refused.value)


@pytest.mark.parametrize("given", ["anna=short==", "=", "===", "anna="])
def test_a_mistake_in_the_environment_is_named(given):
    with pytest.raises(InputError, match=r"_KEYS\.(anna|key1): expected an API key of at least 16"):
        keys_of(None, {"DYNAMICRAG_API_KEYS": given})


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: .*No such file"):
        keys_of(tmp_path / "none.yaml", {})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_an_address_that_others_reach_needs_keys(host, keys):
    with pytest.raises(InputError, match="other machines could ask at your cost"):
        check_host(host, None)
    check_host(host, keys)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_loopback_needs_none(host):
    check_host(host, None)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic x", "Bearer wrong", f"Bearer {ANNA}x"])
async def test_a_wrong_key_is_refused_as_openai_does(site, keys, header):
    client = site.client(Settings(keys=keys))
    headers = {"authorization": header} if header else {}
    for path in ("/v1/models", "/metrics", "/v1/decisions/x", "/nothing"):
        response = await client.get(path, headers=headers)
        assert response.status_code == 401
        assert response.json()["error"]["type"] == "invalid_request_error"
    response = await client.post(PATH, json=asked(), headers=headers)
    given = header.startswith("Bearer ") and header != "Bearer "
    assert response.json()["error"]["code"] == ("invalid_api_key" if given else None)
    assert site.chat.calls == []
    assert (await client.get("/healthz")).status_code == 200


async def test_a_key_names_its_user_in_reports(site, keys):
    client = site.client(Settings(keys=keys), ANNA)
    for user, name in ((None, "anna"), ("eve", "anna/eve")):
        query = (await client.post(PATH, json=asked(user=user))).json()["dynamicrag"]["query_id"]
        site.rag.flush()
        kept = site.rag.pipeline.bookkeeper.kept(query)
        assert (kept["user"], kept["tags"]) == (name, ["key:anna"])


async def test_a_caller_sees_and_rates_only_its_own_queries(site, keys):
    app = site.app(Settings(keys=keys))
    anna, bert = site.of(app, ANNA), site.of(app, BERT)
    query = (await anna.post(PATH, json=asked())).json()["dynamicrag"]["query_id"]
    for client, status in ((anna, 200), (bert, 404)):
        assert (await client.get(f"/v1/decisions/{query}")).status_code == status
        rated = await client.post("/v1/feedback", json={"query_id": query, "score": 1})
        assert rated.status_code == status
    stranger = (await bert.get("/v1/decisions/none")).json()
    assert stranger["error"]["code"] == "query_not_found"


async def test_a_filter_of_a_key_holds_for_its_queries(site):
    keys = read_keys({"anna": {"key": ANNA, "filter": {"tenant": "a"}}}, "keys")
    client = site.client(Settings(keys=keys), ANNA)
    assert (await client.post(PATH, json=asked())).json()["dynamicrag"]["sources"] == []
    wider = asked(dynamicrag={"filter": {"tenant": ["a", "b"]}})
    refused = await client.post(PATH, json=wider)
    assert refused.status_code == 400
    assert "your API key sets it" in refused.json()["error"]["message"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "10.0.0.1", "", "[::"])
async def test_without_keys_a_foreign_name_of_this_machine_is_refused(site, host):
    response = await site.client().get("/v1/models", headers={"host": host})
    assert response.status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
async def test_without_keys_a_name_of_loopback_is_accepted(site, host):
    assert (await site.client().get("/v1/models", headers={"host": host})).status_code == 200
