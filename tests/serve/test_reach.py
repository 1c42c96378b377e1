"""TLS, pages of other sites, and a path of a proxy."""

import shutil
import subprocess

import pytest

from dynamicrag.errors import InputError
from dynamicrag.serve import Settings
from dynamicrag.serve.keys import read_keys
from dynamicrag.serve.reach import check_certificate, check_origins, check_root_path
from tests.serve.conftest import ANNA, asked

APP = "https://app.example"
KEYS = read_keys({"anna": ANNA}, "keys")


def certificate(folder, *more):
    """Write a certificate for 127.0.0.1 and its key, and return their paths."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert,
         *(more or ["-nodes"])],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


async def test_pages_of_named_sites_may_call_the_api_and_no_others(site):
    client = site.client(Settings(cors_origins=(APP,), keys=KEYS), key=ANNA)
    preflight = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-own",
    }
    allowed = await client.options(
        "/v1/chat/completions", headers={"origin": APP, "authorization": "", **preflight}
    )
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, APP)
    assert "x-own" in allowed.headers["access-control-allow-headers"]
    other = await client.options(
        "/v1/chat/completions", headers={"origin": "https://evil.example", **preflight}
    )
    assert other.status_code == 400
    for origin, answer in ((APP, APP), ("https://evil.example", None)):
        response = await client.post("/v1/chat/completions", json=asked(), headers={"origin": origin})
        assert response.status_code == 200
        assert response.headers.get("access-control-allow-origin") == answer
        assert "access-control-allow-credentials" not in response.headers
    refused = await client.get("/v1/models", headers={"origin": APP, "authorization": "Bearer wrong"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, APP)


async def test_no_site_may_call_it_by_default(site):
    response = await site.client().get("/v1/models", headers={"origin": APP})
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("prefix", ["", "/rag"])
async def test_it_answers_below_a_path_whether_or_not_the_proxy_removes_it(site, prefix):
    client = site.client(Settings(root_path="/rag"))
    answer = await client.post(f"{prefix}/v1/chat/completions", json=asked())
    assert answer.status_code == 200
    assert (await client.get(f"{prefix}/v1/nothing")).json()["error"]["type"] == "invalid_request_error"
    assert "POST /rag/v1/chat/completions" in (await client.get(f"{prefix}/docs")).text
    document = (await client.get(f"{prefix}/openapi.json")).json()
    assert document["servers"] == [{"url": "/rag"}]


async def test_a_path_of_a_proxy_does_not_open_what_needs_a_key(site):
    client = site.client(Settings(root_path="/rag", keys=KEYS))
    assert (await client.get("/rag/healthz")).status_code == 200
    for path in ("/rag/v1/models", "/rag/rag/healthz", "/rag/metrics"):
        assert (await client.get(path)).status_code == 401


def test_paths_and_origins_are_checked():
    assert [check_root_path(each) for each in ("", "/", "/rag", "/a/b/")] == ["", "", "/rag", "/a/b"]
    strange = ("/a/../b", "/a\nb", "/<b>", "/v1", "/docs/x")
    for each in ("rag", "https://host/rag", "/a?b", "/a//b", "/a b", *strange):
        with pytest.raises(InputError, match=r"--root-path .*for example /rag"):
            check_root_path(each)
    check_origins((APP, "http://localhost:5173", "http://[::1]:8080", "app://notes"), None)
    check_origins(("*",), KEYS)
    with pytest.raises(InputError, match="without API keys"):
        check_origins((APP, "*"), None)
    wrong = ("https://*.example", "https://müller.example", "https://a.example,https://b.example")
    wrong += (f"{APP}/", "app.example", "https://App.example", f"{APP}:443", "null", "https://a:x", "*.a")
    for each in wrong:
        with pytest.raises(InputError, match=r"--cors-origin .*for example"):
            check_origins((each,), KEYS)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_a_certificate_that_cannot_be_used_is_refused(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    cert, key = certificate(first)
    check_certificate(None, None)
    check_certificate(cert, key)
    both = tmp_path / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    check_certificate(both, None)
    _, locked = certificate(second, "-passout", "pass:secret")
    for given, words in {
        (None, key): "its certificate is missing; give --ssl-certfile",
        (tmp_path / "none.pem", key): "--ssl-certfile .*none.pem: cannot be read: No such file",
        (cert, tmp_path): "--ssl-keyfile .*cannot be read: Is a directory",
        (cert, None): "expected a certificate and its key in PEM",
        (key, cert): "expected a certificate and its key in PEM",
        (cert, locked): "password",
    }.items():
        with pytest.raises(InputError, match=words):
            check_certificate(*given)
    other = certificate(second)[1]
    with pytest.raises(InputError, match="mismatch"):
        check_certificate(cert, other)
