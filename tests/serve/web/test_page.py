"""The page in a browser: a conversation with scripted models over the sample documents."""

import re

import pytest

from dynamicrag.serve import Settings
from dynamicrag.serve.keys import read_keys
from dynamicrag.serve.web import WebSettings
from tests.serve.web.conftest import Visitor
from tests.serve.web.picture import VIEWS, take, talk
from tests.serve.web.staged import proxy, running, serving

pytestmark = pytest.mark.service

OPENED = "Reeve Osbert Thrane opened the Hallorin Bridge on 3 June 1911."


def test_an_answer_has_its_way_its_cost_and_its_sources(visitor):
    assert visitor.ask("Who opened the Hallorin Bridge?") == OPENED
    page = visitor.page
    way = page.locator("#dr-panel .dr-way")
    assert {"retrieval", "context", "generator"} <= set(way.locator(".dr-stage").all_inner_texts())
    assert way.locator("tr.chosen").count() == 3
    assert re.search(r"\d+\.\d+ ± 0\.\d+", way.inner_text())
    energy = page.locator("#dr-panel .dr-cost tbody tr").first.inner_text()
    assert "modelled" in energy
    assert "less" in energy
    assert (
        "Reeve Osbert Thrane opened the bridge on 3 June 1911"
        in page.locator("#dr-sources mark").first.inner_text()
    )
    page.wait_for_selector("#dr-session svg")
    page.wait_for_function("!document.querySelector('#dr-panel').innerText.includes('Provisional')")


def test_answers_and_questions_cannot_run_code(visitor):
    answer = visitor.ask("What is the attack about?")
    assert "<img src=x onerror=" in answer
    assert "<b>raw</b>" in answer
    body = visitor.page.locator("[data-testid=bot]").last
    assert body.locator("strong").inner_text() == "bold"
    assert body.locator("img, script, [href^=javascript]").count() == 0
    question = 'Is "<i>this</i>" & <img src=x onerror=window.pwned=1> a lighthouse?'
    visitor.ask(question)
    assert visitor.page.locator("[data-testid=user]").last.inner_text().strip() == question
    assert visitor.page.evaluate("window.pwned") is None


def test_a_withdrawn_draft_disappears_and_can_be_preferred(visitor):
    visitor.choose("#dr-policy", "doubting")
    assert visitor.ask("Who designed the bridge?") == "It was designed by the engineer Idonea Varrick."
    page = visitor.page
    assert "Zebras" not in page.locator("#dr-chat").inner_text()
    page.locator("#dr-sources summary", has_text="The other draft").click()
    assert "Zebras juggle" in page.locator("#dr-sources").inner_text()
    assert "generator → large" in page.locator("#dr-panel").inner_text()
    page.click("#dr-prefer")
    page.wait_for_function("document.querySelector('#dr-stored').innerText.includes('small over large')")


def test_a_budget_that_asks_is_granted_or_refused(visitor):
    visitor.choose("#dr-policy", "asking")
    page = visitor.page
    for button, answer in (("#dr-more", "Varrick"), ("#dr-enough", "Zebras")):
        visitor.ask("Who designed the bridge?", wait=False)
        page.wait_for_selector(button)
        assert "$" in visitor.answer()
        page.click(button)
        page.wait_for_selector(button, state="hidden")
        page.wait_for_selector(f"[data-testid=bot] >> text={answer}")
        page.wait_for_selector("#dr-panel .dr-cost")


def test_a_thumb_is_stored_and_shown_after_a_reload(visitor):
    visitor.ask("Who opened the Hallorin Bridge?")
    page = visitor.page
    page.get_by_role("button", name=re.compile("^like", re.I)).last.click()
    page.wait_for_function("document.querySelector('#dr-stored').innerText.includes('thumb up')")
    page.get_by_role("button", name=re.compile("^dislike", re.I)).last.click()
    page.wait_for_function("document.querySelector('#dr-stored').innerText.includes('thumb down')")
    visitor.open()
    page.wait_for_selector("[data-testid=bot]")
    assert visitor.answer() == OPENED
    page.wait_for_function("document.querySelector('#dr-stored').innerText.includes('thumb down')")
    assert page.locator("#dr-panel .dr-way").count() == 1


def test_other_weights_are_answered_without_a_call(visitor, site_rag):
    visitor.ask("Who opened the Hallorin Bridge?")
    calls = sum(len(model.calls) for model in site_rag.pipeline.models.values())
    visitor.page.click("#dr-otherwise > button")
    visitor.page.get_by_label("16×").click()
    visitor.page.wait_for_selector("#dr-weighed li.changed")
    assert "would differ" in visitor.page.locator("#dr-weighed").inner_text()
    assert sum(len(model.calls) for model in site_rag.pipeline.models.values()) == calls


def test_an_answer_goes_on_over_a_reload_until_it_is_stopped_and_keeps_its_account(visitor):
    visitor.ask("Is the ferry slow?", wait=False)
    page = visitor.page
    begun = "[...document.querySelectorAll('[data-testid=bot]')].some(n => n.innerText.includes('One'))"
    page.wait_for_function(begun)
    visitor.open()
    page.wait_for_function(begun)
    page.click("#dr-stop")
    page.wait_for_selector("text=Stopped.")
    page.wait_for_selector("#dr-panel .dr-cost")
    page.get_by_role("button", name=re.compile("^like", re.I)).wait_for(state="hidden")
    assert visitor.ask("Who opened the Hallorin Bridge?") == OPENED


def test_an_uploaded_document_answers_the_next_question(visitor, document):
    page = visitor.page
    question = "How many maps does the archive of Ondrel hold?"
    assert "412" not in visitor.ask(question)
    visitor.tab("Documents")
    first = document("archive.md", "# Archive\n\nThe archive of Ondrel holds 412 maps.\n")
    page.set_input_files("#dr-upload input[type=file]", [first, document("tool.exe", "no")])
    page.wait_for_selector("#dr-results li.refused")
    assert "no reader for this ending" in page.locator("#dr-results").inner_text()
    assert "archive.md" in page.locator("#dr-documents").inner_text()
    visitor.tab("Chat")
    assert visitor.ask(question) == "It holds 412 maps."
    visitor.tab("Documents")
    document("archive.md", "# Archive\n\nThe archive of Ondrel holds 97 maps.\n")
    page.set_input_files("#dr-upload input[type=file]", [first])
    page.wait_for_selector("#dr-results >> text=updated")
    visitor.tab("Chat")
    assert visitor.ask(question) == "It holds 97 maps."
    visitor.tab("Documents")
    visitor.choose("#dr-document", "archive")
    page.click("#dr-remove")
    page.wait_for_selector("#dr-results >> text=removed")
    visitor.tab("Chat")
    assert "97" not in visitor.ask(question)


def test_a_long_question_is_refused_as_a_whole(visitor):
    visitor.page.fill("#dr-question textarea", "long " * 5_000)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector("text=at most 20,000")
    assert len(visitor.page.input_value("#dr-question textarea")) == 25_000
    assert visitor.answers() == 0


def test_text_reads_in_the_direction_of_its_script(visitor):
    visitor.ask("מתי נפתח הגשר?")
    page = visitor.page
    found = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
    assert page.evaluate(found, ["[data-testid=bot] p", "direction"]) == "rtl"
    first, second = page.locator("[data-testid=bot] th").all()
    assert first.bounding_box()["x"] > second.bounding_box()["x"]
    head, row = page.locator("[data-testid=bot] tr").all()
    assert row.bounding_box()["y"] - head.bounding_box()["y"] < 60, "nothing is between the rows"
    visitor.ask("Who opened the Hallorin Bridge?")
    page.wait_for_selector("#dr-sources .dr-text", state="attached")
    sources = ("#dr-sources .dr-text", "#dr-sources summary")
    for selector in ("[data-testid=user] .message-content", "#dr-question textarea", *sources):
        assert page.evaluate(found, [selector, "unicodeBidi"]) == "plaintext"
        assert page.evaluate(found, [selector, "textAlign"]) == "start"


def test_the_page_fits_a_phone(visitor):
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.ask("When was the Hallorin Bridge built?")
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    chat, panel = page.locator("#dr-chat").bounding_box(), page.locator("#dr-panel").bounding_box()
    assert panel["y"] > chat["y"] + chat["height"]
    visitor.tab("Documents")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_serious_finding_of_axe_on_any_tab(visitor, axe):
    """In the dark, only the colours are others."""
    page = visitor.page
    page.emulate_media(reduced_motion="reduce")
    visitor.ask("Who opened the Hallorin Bridge?")
    page.evaluate(axe)
    shown = (("Chat", "#dr-chat"), ("Documents", "#dr-documents p"), ("Report", "iframe.dr-report"))
    for tab, part in shown:
        visitor.tab(tab)
        page.wait_for_selector(part)
        for scheme, rules in (("light", ""), ("dark", "runOnly: ['color-contrast'],")):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(
                "now => document.body.classList.contains('dark') === now", arg=scheme == "dark"
            )
            found = page.evaluate(f"axe.run({{{rules} resultTypes: ['violations']}})")["violations"]
            serious = [
                (each["id"], each["nodes"][0]["html"], each["nodes"][0]["any"][0]["message"])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert serious == [], (tab, scheme)


def test_the_keyboard_reaches_everything(visitor):
    visitor.ask("Who opened the Hallorin Bridge?")
    visitor.page.focus("#dr-question textarea")
    reached = []
    for _ in range(14):
        visitor.page.keyboard.press("Tab")
        reached.append(visitor.page.evaluate("document.activeElement.closest('[id^=dr-]')?.id ?? ''"))
    assert [
        name
        for name in ("dr-send", "dr-policy", "dr-new", "dr-otherwise", "dr-sources")
        if name not in reached
    ] == []


def test_a_visitor_asks_in_the_name_of_the_key_and_through_a_proxy(browser, site_rag):
    key = "anna-key-of-sixteen"
    given = {"username": "any", "password": key}
    settings = Settings(keys=read_keys({"anna": key}, "keys"), root_path="/rag")
    with (
        serving(site_rag, WebSettings(), settings) as inside,
        running(proxy(inside, "/rag")) as outside,
    ):
        visitor = Visitor(browser, f"{outside}/rag/", http_credentials=given)
        assert visitor.ask("Who opened the Hallorin Bridge?") == OPENED
        query = visitor.page.locator("#dr-sources code").inner_text()
        assert visitor.page.get_by_role("tab", name="Documents").count() == 0
        visitor.check()
        visitor.context.close()
    site_rag.flush()
    kept = site_rag.pipeline.bookkeeper.kept(query)
    assert (kept["user"], kept["tags"]) == ("anna", ["key:anna"])


def test_the_pictures_of_the_documentation_can_be_taken(visitor, tmp_path):
    talk(visitor, ("Who opened the Hallorin Bridge?",))
    take(visitor, tmp_path)
    assert [10_000 < (tmp_path / f"{name}.png").stat().st_size < 300_000 for name in VIEWS] == [True] * 3
