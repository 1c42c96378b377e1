"""The built site: it is complete, and a page asks no other host for anything."""

import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import dynamicrag
from dynamicrag import errors, testing
from tests.docs.fences import ROOT, pages

sys.path.insert(0, str(ROOT / "docs" / "hooks"))
import page_command_line
import page_errors
import page_names
import page_policy
import page_state

sys.path.pop(0)

LOADED = {"stylesheet", "icon", "shortcut", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest",
          "modulepreload"}  # fmt: skip
"""Relations of a link that make a browser ask for it."""
ELSEWHERE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:https?:)?//[^\"')]+)", re.IGNORECASE)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Build the site, where a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Asked(HTMLParser):
    """What a browser asks for when it shows a page."""

    def __init__(self):
        super().__init__()
        self.urls = []

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag != "a" and not (tag == "link" and not LOADED & set(given.get("rel", "").split())):
            self.urls += [
                given[name] for name in ("src", "href", "data", "poster", "action") if name in given
            ]
            self.urls += [each.split()[0] for each in given.get("srcset", "").split(",") if each.strip()]
        self.urls += IN_STYLES.findall(given.get("style", ""))


def asked(text):
    parser = Asked()
    parser.feed(text)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)
    return [url for url in parser.urls if ELSEWHERE.match(url)] + IN_STYLES.findall(" ".join(styles))


@pytest.mark.slow
def test_no_page_asks_another_host(site):
    found = {path: asked(path.read_text()) for path in site.rglob("*.html")}
    assert len(found) > 30
    assert {path: urls for path, urls in found.items() if urls} == {}
    styles = {path: IN_STYLES.findall(path.read_text()) for path in site.rglob("*.css")}
    assert styles
    assert {path: urls for path, urls in styles.items() if urls} == {}


@pytest.mark.slow
def test_no_page_has_what_makes_the_theme_ask_another_host(site):
    # its script fetches Mermaid for diagrams, and a repository's stars
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert 'class="mermaid"' not in text
        assert 'data-md-component="source"' not in text


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        '<img srcset="a.png 1x, https://example/b.png 2x">',
        "<style>@import 'https://example/x.css'; p {}</style>",
        '<p style="background: url(https://example/x.png)">',
    ],
)
def test_a_request_would_be_found(text):
    assert asked(text)


def test_links_that_a_reader_follows_are_no_requests():
    assert not asked('<a href="https://example">x</a><link rel="canonical" href="https://example">')


def ids(site, page):
    return set(re.findall(r'\bid="([^"]+)"', (site / page / "index.html").read_text()))


@pytest.mark.slow
def test_every_public_name_is_described(site):
    found = ids(site, "reference/python") | ids(site, "reference/errors")
    wanted = {f"dynamicrag.{name}" for name in dynamicrag.__all__ if name not in errors.__all__}
    wanted |= {f"dynamicrag.errors.{name}" for name in errors.__all__ if name[0].isupper()}
    wanted |= {f"dynamicrag.testing.{name}" for name in testing.__all__}
    assert wanted - found == set()


@pytest.mark.slow
def test_no_docstring_shows_its_markup(site):
    for page in ("python", "errors", "policy", "names", "state-and-events", "command-line"):
        text = re.sub(r"<[^>]+>", "", (site / "reference" / page / "index.html").read_text())
        assert re.findall(r":(?:class|mod|func|meth|data):|``", html.unescape(text)) == []


def test_every_command_and_option_is_described():
    page = page_command_line.page()
    names = [name for name, _ in page_command_line.commands()]
    assert {"dynamicrag ask", "dynamicrag report", "dynamicrag models pull"} <= set(names)
    for name, command in page_command_line.commands():
        section = page.split(f"## `{name}`\n")[1].split("\n## ")[0]
        for param in command.params:
            assert param.help, f"{name} {param.name} has no help"
            if param.param_type_name == "option":
                assert all(f"`{option}`" in section for option in param.opts)


@pytest.mark.parametrize("page", [page_policy, page_state, page_names, page_command_line])
def test_every_row_says_what_it_is(page):
    """The last cell of a table of keys, parameters or options is its description."""
    for block in page.page().split("\n\n"):
        if block.startswith("| ") and "what it" in block.partition("\n")[0]:
            rows = block.strip().splitlines()[2:]
            assert [row for row in rows if row.endswith("|  |")] == []


def test_every_key_of_a_policy_is_listed():
    schema = json.loads(json.dumps(page_policy.Policy.model_json_schema()))
    page = page_policy.page()
    for section in [schema, *schema["$defs"].values()]:
        for key in section.get("properties", {}):
            if key not in ("name", "source", "folder"):
                assert f"| `{key}` |" in page
    for stage in page_policy.section_kinds():
        assert f"### `stages.{stage}`" in page


def test_every_registered_name_is_listed():
    page = page_names.page()
    for _, registry, _ in page_names.FAMILIES:
        for name in registry:
            assert f"### `{name}`" in page


def test_every_error_is_in_the_tree():
    tree = {kind.__name__ for _, kind in page_errors.tree(errors.DynamicRAGError)}
    assert tree == {name for name in errors.__all__ if name[0].isupper()}


@pytest.mark.slow
def test_every_page_is_in_the_list_for_language_models(site):
    listed = (site / "llms.txt").read_text()
    everything = (site / "llms-full.txt").read_text()
    for path in pages():
        if path.name != "README.md":
            page = path.relative_to(ROOT / "docs")
            stem = page.parent if page.name == "index.md" else page.with_suffix("")
            assert f"/{stem / 'index.md'})" in listed or str(page) == "index.md"
    assert "class DynamicRAG" in everything or "DynamicRAG" in everything
    for page in re.findall(r"\]\(http://127\.0\.0\.1:8000/([^)]+)\)", listed):
        assert (site / page).is_file()


@pytest.mark.slow
def test_every_block_of_code_is_fenced(site):
    # an indented block would escape the tests of the snippets
    for path in pages():
        if path.name != "README.md":
            page = path.relative_to(ROOT / "docs")
            built = site / (page.parent if page.name == "index.md" else page.with_suffix("")) / "index.html"
            assert re.findall(r'<div class="highlight">', built.read_text()) == [], page
