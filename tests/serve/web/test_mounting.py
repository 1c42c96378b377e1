"""The page in the server's application: keys, headers, and the paths that it leaves alone."""

import asyncio
import subprocess
import sys
from base64 import b64encode

import pytest

from dynamicrag.errors import BudgetExceeded, InputError
from dynamicrag.serve import Settings
from dynamicrag.serve.errors import Refused
from dynamicrag.serve.keys import Caller, read_keys
from dynamicrag.serve.web import WebSettings, mount
from dynamicrag.serve.web.admission import Admission
from tests.serve.conftest import ANNA, Site, asked

KEYS = read_keys({"anna": {"key": ANNA, "filter": {"tenant": "acme"}}}, "keys")


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    for rag in made.made:
        rag.close()


def client(site, settings=None):
    app = site.app(settings or Settings())
    return site.of(mount(app, site.rag, WebSettings()))


def basic(key, name="anna"):
    return {"authorization": "Basic " + b64encode(f"{name}:{key}".encode()).decode()}


@pytest.mark.slow
async def test_the_page_stays_on_its_host_and_leaves_the_api_alone(site):
    visitor = client(site)
    page = await visitor.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "googleapis" not in page.text
    answer = await visitor.post("/v1/chat/completions", json=asked())
    assert answer.status_code == 200
    assert "content-security-policy" not in answer.headers
    for path in ("/v1/nothing", "/v1/models/nothing/x"):
        assert (await visitor.get(path)).json()["error"]["type"] == "invalid_request_error"
    assert (await visitor.get("/v1/chat/completions")).status_code == 405
    assert (await visitor.get("/healthz")).json() == {"status": "ok"}
    foreign = await visitor.post(
        "/gradio_api/queue/join", headers={"origin": "https://evil.example"}, json={}
    )
    assert foreign.status_code == 403
    config = (await visitor.get("/config")).json()
    assert config["analytics_enabled"] is False
    assert all(each["api_visibility"] == "private" for each in config["dependencies"])


@pytest.mark.slow
async def test_a_browser_gives_its_key_as_a_password(site):
    visitor = client(site, Settings(keys=KEYS))
    refused = await visitor.get("/")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert (await visitor.get("/v1/models")).headers["www-authenticate"] == "Bearer"
    for wrong in (
        basic("wrong"),
        {"authorization": "Basic x"},
        basic("", "anna"),
        {"authorization": "Basic ÿ"},
    ):
        wrong = {name: value.encode("latin-1") for name, value in wrong.items()}
        assert (await visitor.get("/", headers=wrong)).status_code == 401
    assert (await visitor.get("/", headers=basic(ANNA))).status_code == 200


async def test_a_key_limits_what_its_visitor_may_see_and_spend(site):
    app = site.app(Settings(keys=KEYS, budget_per_user={"tokens": 100}))
    admission = Admission(app.state.service)
    caller = KEYS.caller(ANNA)
    assert admission.call(caller, "policy", {}) == {
        "filter": {"tenant": "acme"}, "policy": "policy", "user": "anna", "tags": ["key:anna"],
    }  # fmt: skip
    async with admission.admitted(caller, "policy") as ticket:
        assert ticket.limits == {"tokens": 10.0}
        assert app.state.service.gate.running == 1
    assert app.state.service.gate.running == 0
    assert "secret" not in admission.failure(RuntimeError("secret path"))


@pytest.mark.parametrize(
    ("settings", "grants"),
    [(Settings(), True), (Settings(keys=KEYS), False), (Settings(budget_per_user={"tokens": 100}), False)],
)
def test_visitors_cannot_raise_the_budget_of_a_user(site, settings, grants):
    assert Admission(site.app(settings).state.service).grants is grants


async def test_a_question_counts_by_the_status_that_the_api_would_give_it(site):
    service = site.app(Settings(seconds=0.01)).state.service
    admission = Admission(service)
    async with admission.admitted(Caller(), "policy"):
        pass
    async with admission.admitted(Caller(), "policy") as ticket:
        ticket.asking = True
    for status, error in ((429, BudgetExceeded("usd")), (400, InputError("why")), (500, TimeoutError())):
        with pytest.raises(type(error)):
            async with admission.admitted(Caller(), "policy"):
                raise error
        assert counted(service, status) == 1, error
    with pytest.raises(Refused, match=r"took more than 0.01 s"):
        async with admission.admitted(Caller(), "policy"):
            await asyncio.sleep(1)
    assert [counted(service, status) for status in (200, 504)] == [1, 1]


def counted(service, status):
    name = f'dynamicrag_queries_total{{policy="policy",status="{status}"}}'
    found = [line for line in service.metrics.text({}).decode().splitlines() if line.startswith(name)]
    return float(found[0].split()[-1]) if found else 0


async def test_without_a_server_everybody_may_ask(site):
    site.app()
    admission = Admission(None)
    async with admission.admitted(Caller(), "policy") as ticket:
        assert not ticket.limits
    assert admission.grants
    assert admission.failure(InputError("what, and how to mend it")) == "what, and how to mend it"


def test_gradio_is_imported_on_use_alone():
    code = "import dynamicrag.serve.web as web, sys; web.WebSettings; print('gradio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_missing_extra_is_named(site, monkeypatch):
    monkeypatch.setattr("dynamicrag.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'dynamicrag\[ui\]'"):
        mount(site.app(), site.rag)
