"""What the models of a policy lack on this machine, told before anything is ingested or asked."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynamicrag.assembly import Pipeline
    from dynamicrag.policy import Policy


def needs(policy: "Policy", pipeline: "Pipeline", trust: bool) -> list[str]:
    """Name the packages and keys that models lack; nothing is imported, whether trusted or not."""
    from dynamicrag.embedders import missing as missing_embedder
    from dynamicrag.llm.providers import missing

    del trust
    found = [
        f"model {name} ({model.spec}): {lack}"
        for name, model in pipeline.models.items()
        for lack in missing(model.spec, policy.models[name].params)
    ]
    for name, section in policy.corpora.items():
        lack = missing_embedder(section.embedding, name) if section.embedding is not None else ""
        found += [f"corpus {name}: embedding: {lack}"] if lack else []
    return found
