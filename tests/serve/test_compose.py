"""The services of examples/compose, without containers, with the command and variables of its file."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import chromadb
import httpx
import psycopg
import pytest
import yaml

from dynamicrag.llm.pull import pull
from dynamicrag.testing import ScriptedServer
from dynamicrag.testing.server import said
from tests.services import answers, chroma, free_port
from tests.store.conftest import postgres

from .process import ROOT

HOME = ROOT / "examples" / "compose"
COMPOSE = yaml.safe_load((HOME / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = SERVICES["dynamicrag"]
DOCKERFILE = (HOME / "Dockerfile").read_text()
KEY = "anna-key-of-sixteen"
ENV = {"POSTGRES_PASSWORD": "not-to-be-logged", "DYNAMICRAG_API_KEYS": f"anna={KEY}"}
DENSE = {"retrieval": "single", "retriever": "dense"}
BRIDGE, FERRY = "When did the bridge of Ondry open?", "When does the ferry of Tamrick leave?"
TOWNS = [
    "The bridge of Ondry opened in 1871. It crosses the river by five arches of grey stone.",
    "The ferry of Tamrick leaves at noon, and on Sundays two hours later.",
    "The lighthouse at Cape Ondry has 213 steps.",
]


def after(flag):
    """Return the value of a flag in the command of our service."""
    return OURS["command"][OURS["command"].index(flag) + 1]


def test_images_are_pinned_and_ours_is_of_this_version():
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(re.fullmatch(r"[^:@]+:\S*\d\S*", image) for image in images), images
    assert f'version = "{OURS["image"].partition(":")[2]}"' in (ROOT / "pyproject.toml").read_text()
    client = re.search(r"^chromadb==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert SERVICES["chroma"]["image"] == f"chromadb/chroma:{client[1]}"


def test_every_service_is_awaited_and_its_volumes_exist():
    assert set(OURS["depends_on"]) == set(SERVICES) - {"dynamicrag"}
    assert all(each == {"condition": "service_healthy"} for each in OURS["depends_on"].values())
    for service in SERVICES.values():
        assert service["healthcheck"]["test"][0] == "CMD"
        sources = [volume.partition(":")[0] for volume in service["volumes"]]
        assert all(source in COMPOSE["volumes"] or source.startswith("./") for source in sources)


def test_hosts_and_ports_are_those_of_the_services():
    policy = yaml.safe_load((HOME / "policy.yaml").read_text())
    named = [model["params"]["base_url"] for model in policy["models"].values()]
    named += [OURS["environment"][name] for name in ("DYNAMICRAG_RUNS", "DYNAMICRAG_VECTORS")]
    assert {urlsplit(address).hostname for address in named} == set(OURS["depends_on"])
    port = after("--port")
    assert OURS["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"EXPOSE {port}" in DOCKERFILE
    assert f":{port}/healthz" in OURS["healthcheck"]["test"][-1]
    inside = [volume.split(":")[1] for volume in OURS["volumes"]]
    assert inside == ["/data", after("--policy"), policy["corpora"]["docs"]["path"]]
    model = SERVICES["small"]["environment"]
    slot = int(model["LLAMA_ARG_CTX_SIZE"]) // int(model["LLAMA_ARG_N_PARALLEL"])
    assert {model["params"]["context"] for model in policy["models"].values()} == {slot}


def test_no_secret_is_written_down():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("${POSTGRES_PASSWORD:?"), name
    assert OURS["environment"]["DYNAMICRAG_API_KEYS"].startswith("${DYNAMICRAG_API_KEYS:?")


def test_the_image_has_what_the_package_is_built_from_and_a_user_of_its_own():
    for line in re.findall(r"^COPY (.*)", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split()[:-1]), line
    extras = re.search(r'"\.\[(.+?)\]"', DOCKERFILE)[1].split(",")
    assert all(f"\n{name} = [" in (ROOT / "pyproject.toml").read_text() for name in extras)
    assert re.search(r"^USER dynamicrag$", DOCKERFILE, re.MULTILINE)


class Stack:
    """A real Postgres and Chroma, a scripted model server, and ours, on the real embedding model."""

    def __init__(self, folder, vectors):
        self.folder, self.vectors, self.port = folder, vectors, free_port()
        self.log = folder / "log.txt"
        self.runs = postgres()
        self.model = ScriptedServer(lambda body: said("The bridge of Ondry opened in 1871."))
        documents = folder / "documents"
        documents.mkdir()
        for number, text in enumerate(TOWNS):
            (documents / f"town{number}.md").write_text(f"# Town {number}\n\n{text}\n")
        policy = (HOME / "policy.yaml").read_text().replace("/documents", str(documents))
        self.policy = folder / "policy.yaml"
        self.policy.write_text(re.sub(r"http://(small|large):8080/v1", self.model.url, policy))
        (folder / "data" / "cache").mkdir(parents=True)
        (folder / "data" / "cache" / "models").symlink_to(pull("all-minilm-l6-v2").parent)

    def environment(self):
        """Return the variables of the image and of the file, with the addresses of here."""
        image = re.search(r"^ENV (.*)", DOCKERFILE, re.MULTILINE)[1].replace("/data", f"{self.folder}/data")
        given = "\n".join(f"{name}={value}" for name, value in OURS["environment"].items())
        given = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: ENV[found[1]], given)
        given = given.replace("postgresql://dynamicrag@postgres/dynamicrag", self.runs)
        given = given.replace("http://chroma:8000", self.vectors.url)
        said = dict(pair.split("=", 1) for pair in [*image.split(), *given.split("\n")])
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **said}

    @contextmanager
    def served(self):
        """Run our server while the block runs."""
        given = {"/app/policy.yaml": str(self.policy), "8000": str(self.port)}
        command = [sys.executable, "-m", "dynamicrag", *(given.get(part, part) for part in OURS["command"])]
        pipes = {"stdout": self.log.open("w"), "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment(), **pipes)
        try:
            answers(f"http://127.0.0.1:{self.port}/healthz", process, 400)
            yield
        finally:
            process.terminate()
            code = process.wait(60)
            pipes["stdout"].close()
        assert code == 0

    def ask(self, question, key=KEY, **options):
        body = {"model": "policy", "messages": [{"role": "user", "content": question}]}
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(url, json={**body, "dynamicrag": {"options": options}}, headers=headers, timeout=60)


@pytest.fixture
def stack(tmp_path):
    with chroma(tmp_path / "chroma") as vectors:
        made = Stack(tmp_path, vectors)
        yield made
        made.model.close()


@pytest.mark.models
@pytest.mark.service
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_question_through_all_services(stack):
    with stack.served():
        probe = OURS["healthcheck"]["test"][-1].replace(":8000/", f":{stack.port}/")
        assert subprocess.run([sys.executable, "-c", probe]).returncode == 0
        assert stack.ask(BRIDGE, key="x" * 16).status_code == 401

        answer = stack.ask(BRIDGE, **DENSE)
        assert answer.status_code == 200, stack.log.read_text()
        assert answer.json()["choices"][0]["message"]["content"] == "The bridge of Ondry opened in 1871."
        about = answer.json()["dynamicrag"]
        assert about["path"]["retriever"] == "dense"
        assert about["sources"][0]["title"] == "Town 0"
        assert "five arches" in str(stack.model.requests)

        with psycopg.connect(stack.runs) as database:
            rows = database.execute("SELECT id FROM dynamicrag.queries").fetchall()
        assert rows == [(about["query_id"],)]
        client = chromadb.HttpClient("127.0.0.1", stack.vectors.port)
        (collection,) = client.list_collections()
        assert collection.count() == len(TOWNS)
        client.close()

        stack.vectors.stop()
        assert stack.ask(FERRY, **DENSE).status_code == 500
        assert stack.ask(FERRY, retrieval="single", retriever="lexical").status_code == 200
        stack.vectors.start()
        assert stack.ask(FERRY, **DENSE).status_code == 200
    log = stack.log.read_text()
    assert f"{stack.vectors.url}: the Chroma server failed (ConnectError" in log
    assert ENV["POSTGRES_PASSWORD"] not in log
    assert KEY not in log
