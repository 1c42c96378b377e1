"""The example with a system prompt and German answers, with a scripted model."""

from dynamicrag import DynamicRAG

from .test_examples import load

SYSTEM = "The user is a guest of the Gull Inn. Say 'Sie'."


def test_a_system_prompt_and_german_answers(make):
    said = iter(["Die Fähre fährt um neun.", "unanswerable"])
    make.scripts["model"] = lambda kind, text: next(said)
    given = {**load("in_german").policy("fake:model"), "host": {"meter": "none"}}
    make.made.append(DynamicRAG.from_policy(given))
    app = make.made[-1].build_graph().compile()
    asked = {"messages": [("system", SYSTEM), ("user", "When does the ferry leave?")]}
    assert app.invoke(asked)["messages"][-1].text == "Die Fähre fährt um neun."
    ((_, prompt),) = make.models["model"].calls
    assert prompt[0].text.startswith(f"Du bist die Auskunft von Quellsay.\n\n{SYSTEM}\n\nAnswer the question")
    assert "in one to three sentences and in German" in prompt[0].text
    assert prompt[-1].text.endswith("When does the ferry leave?\nAnswer in German:")
    assert app.invoke(asked)["messages"][-1].text == "Das weiß ich nicht. Fragen Sie im Hafenbüro nach."
