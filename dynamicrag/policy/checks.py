"""Checks between a policy's sections, once its stages are built."""

from dynamicrag.errors import PolicyError
from dynamicrag.policy.build_stages import Built
from dynamicrag.policy.policy import Policy
from dynamicrag.routers.online import Online
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.text.withheld import withheld

__all__ = ["check_stages"]


def check_stages(policy: Policy, built: Built) -> None:
    """Refuse stages that are inconsistent with the rest of their policy.

    Raises:
        PolicyError: An observing policy has several options, a language of answers has no sentence for
            withheld ones, or a router learns from queries that are not stored.
    """
    if not policy.runs.keep:
        _check_learning(policy, built)
    if policy.observe:
        _check_observing(policy, built)
    if any(move.kind == "abstain" for move in built.verification.moves):
        _check_abstaining(policy, built)


def _check_abstaining(policy: Policy, built: Built) -> None:
    prompts = built.stages["prompt"]
    assert isinstance(prompts, PromptStage)
    for name, strategy in prompts.strategies.items():
        language = strategy.voice.fixed
        if language and withheld(language, policy.abstain_message) is None:
            raise PolicyError(
                f"{policy.where('abstain_message')}: answers of stages.prompt.options.{name} are in "
                f"{language}, which has no built-in sentence for withheld answers; "
                f"add abstain_message: {{{language}: ...}}"
            )


def _check_learning(policy: Policy, built: Built) -> None:
    for name, point in built.points.items():
        if isinstance(point.router, Online):
            raise PolicyError(
                f"{policy.where('stages', name, 'router')}: {point.router.registered!r} learns from stored "
                "queries, and runs.keep is 0; store some (runs: {keep: 20000}), or take another router"
            )


def _check_observing(policy: Policy, built: Built) -> None:
    for name, point in built.points.items():
        names = [option.name for option in point.options]
        if len(names) > 1 or (name == "verification" and names != ["accept"]):
            valid = "accept alone" if name == "verification" else "one"
            raise PolicyError(
                f"{policy.where('observe')}: it runs a fixed pipeline, and stages.{name} has the options "
                f"{', '.join(names)}; valid: {valid}; leave the others out, or take 'observe' out to route"
            )
