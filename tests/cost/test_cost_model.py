import pytest

from dynamicrag.cost.calibration import Calibration, Observation
from dynamicrag.cost.cost_model import CostModel, Priced
from dynamicrag.cost.expect import Asks, Plan
from dynamicrag.cost.profiles import Host, Profile, Rate
from dynamicrag.cost.vector import Cost

LARGE = Profile(runs="in_process", cpu_seconds=Rate(input=0.02, output=0.1))
SMALL = Profile(runs="in_process", cpu_seconds=Rate(input=0.002, output=0.01))
MODELS = {"small": Priced("local:small", SMALL), "large": Priced("local:large", LARGE)}
MODEL = CostModel(MODELS, "small", Host(joules_per_cpu_second=4.0))
PLAN = Plan(
    question_tokens=20, rounds=1, context_tokens=400, prompt_tokens=60, output_tokens=10, model="large"
)


def joules(cost: Cost) -> float:
    return cost["joules"]


def test_a_plan_costs_its_prompt_and_its_answer():
    assert joules(MODEL.price(PLAN)) == pytest.approx(4 * (480 * 0.02 + 10 * 0.1))


def test_context_is_not_free():
    more = PLAN._replace(context_tokens=1200)
    assert joules(MODEL.price(more)) - joules(MODEL.price(PLAN)) == pytest.approx(4 * 800 * 0.02)


def test_every_further_round_costs_a_search_and_a_call_to_the_helper():
    searching = PLAN._replace(search_cpu_seconds=0.5)
    extra = joules(MODEL.price(searching._replace(rounds=2))) - joules(MODEL.price(searching))
    assert extra == pytest.approx(4 * (0.5 + 420 * 0.002 + 30 * 0.01))


def test_what_prompts_share_is_computed_once_where_the_model_keeps_it():
    keeping = CostModel({"large": Priced("local:large", LARGE, caches=True)}, None, Host())
    assert joules(MODEL.price(PLAN)) - joules(keeping.price(PLAN)) == pytest.approx(4 * 60 * 0.02)


def test_the_worst_case_is_a_long_answer_with_nothing_kept():
    assert joules(MODEL.worst(PLAN)) == pytest.approx(4 * (480 * 0.02 + 64 * 0.1))


class TestVerifiers:
    """What verifiers ask is in what a path is expected to cost, and not in what must fit a limit."""

    def extra(self, ask, plan=PLAN):
        return joules(MODEL.price(plan._replace(asks=(ask,)))) - joules(MODEL.price(plan))

    def test_a_follow_up_reads_the_whole_prompt_again(self):
        ask = Asks(1, 60.0, 2.0, goes_on=True)
        prompt = PLAN.prompt_tokens + PLAN.question_tokens + PLAN.context_tokens
        assert self.extra(ask) == pytest.approx(joules(MODEL.call(PLAN.model, prompt + 60, 2)))

    def test_samples_are_as_long_as_the_draft_and_as_many_as_expected(self):
        prompt = PLAN.prompt_tokens + PLAN.question_tokens + PLAN.context_tokens
        one = joules(MODEL.call(PLAN.model, prompt, PLAN.output_tokens))
        assert self.extra(Asks(2.5, goes_on=True)) == pytest.approx(2.5 * one)

    def test_what_reads_passages_asks_nothing_without(self):
        ask = Asks(1, 100.0, 5.0, reads=True)
        assert self.extra(ask) > 0
        assert self.extra(ask, PLAN._replace(context_tokens=0.0)) == 0

    def test_what_a_verifier_computes_costs_what_it_took_here(self):
        seen = [Observation(0.0, 0.0, 3.0, 0.5)] * 20
        model = CostModel(MODELS, None, Host(), Calibration({"verify:nli": seen}))
        ask = Asks(1, reads=True, computes="verify:nli")
        more = model.price(PLAN._replace(asks=(ask,)))
        assert joules(more) - joules(model.price(PLAN)) == pytest.approx(3.0)
        assert more["seconds"] - model.price(PLAN)["seconds"] == pytest.approx(0.5)
        bare = PLAN._replace(context_tokens=0.0)
        assert model.price(bare._replace(asks=(ask,))) == model.price(bare), (
            "there is nothing to check against"
        )

    def test_what_it_takes_is_nothing_before_it_is_known(self):
        assert self.extra(Asks(1, computes="verify:nli")) == 0

    def test_the_worst_case_is_without(self):
        ask = Asks(1, 100.0, 5.0)
        assert MODEL.worst(PLAN._replace(asks=(ask,))) == MODEL.worst(PLAN)


def test_cached_tokens_save_the_difference_of_their_prices():
    priced = Profile(runs="remote", usd=Rate(input=2e-6, cached=5e-7, output=8e-6))
    uncached = Profile(runs="remote", usd=Rate(input=2e-6, cached=2e-6, output=8e-6))
    model = CostModel({"a": Priced("x:a", priced), "b": Priced("x:b", uncached)}, None, Host())
    assert model.saved(PLAN._replace(model="a"), 1000)["usd"] == pytest.approx(1.5e-3)
    assert "usd" not in model.saved(PLAN._replace(model="b"), 1000)
    assert model.saved(PLAN._replace(model="a"), 0) == model.saved(PLAN._replace(model="gone"), 1000) == {}
    keeping = CostModel({"large": Priced("local:large", LARGE, caches=True)}, None, Host())
    assert keeping.saved(PLAN, 100)["joules"] == pytest.approx(4 * 40 * 0.02)  # 60 are in prices already
    assert keeping.saved(PLAN, 60) == {}


class TestPromptCaches:
    """A price now knows what a prompt cache holds; a steady price assumes the instructions in it."""

    BEGUN = PLAN._replace(beginning="Answer the question.", system_tokens=40.0)

    def held(self, share, *, caches=True):
        priced = Priced("local:large", LARGE, caches, lambda beginning, tokens: share * tokens)
        return CostModel({"large": priced}, None, Host())

    def test_a_cold_cache_costs_what_it_would_save(self):
        cold = self.held(0.0)
        assert cold.colder(self.BEGUN) == pytest.approx(4 * 60 * 0.02)
        assert joules(cold.price_now(self.BEGUN)) == pytest.approx(4 * (520 * 0.02 + 10 * 0.1))
        assert cold.price(self.BEGUN) == self.held(1.0).price(self.BEGUN)

    def test_a_warm_one_holds_the_conversation_s_system_messages_too(self):
        warm = self.held(1.0)
        assert joules(warm.price_now(self.BEGUN)) == pytest.approx(4 * (420 * 0.02 + 10 * 0.1))
        assert warm.colder(self.BEGUN) == 0.0

    def test_its_state_is_asked_for_at_each_price(self):
        share = [0.0]
        model = CostModel(
            {"large": Priced("l", LARGE, True, lambda beginning, tokens: share[0] * tokens)}, None, Host()
        )
        cold = model.price_now(self.BEGUN)
        share[0] = 0.5
        assert joules(cold) - joules(model.price_now(self.BEGUN)) == pytest.approx(4 * 50 * 0.02)

    def test_without_its_beginning_a_history_is_gone_too(self):
        assert self.held(1.0).saved(self.BEGUN, 400)["joules"] == pytest.approx(4 * 340 * 0.02)
        assert self.held(0.5).saved(self.BEGUN, 400) == {}

    def test_a_provider_s_report_lowers_the_price_now(self):
        reporting = self.held(0.5, caches=False)
        assert joules(reporting.price(self.BEGUN)) > joules(reporting.price_now(self.BEGUN))
        assert reporting.saved(self.BEGUN, 400)["joules"] == pytest.approx(4 * 400 * 0.02)
        assert reporting.colder(self.BEGUN) == 0.0
