from dynamicrag.policy.file import PRESETS, load_policy
from dynamicrag.policy.policy import brief


def test_presets_answer_people_in_sentences_and_benchmarks_in_few_words():
    for name in PRESETS:
        policy = load_policy(name)
        assert policy.stages["prompt"].specs["direct"] == {"style": "full"}, name
        assert brief(policy).stages["prompt"].specs["direct"] is None
        assert set(brief(policy).stages["prompt"].specs) == set(policy.stages["prompt"].specs)


def test_a_policy_that_names_no_prompt_answers_people_in_sentences_and_benchmarks_briefly():
    policy = load_policy({"version": 1, "models": {"m": {"model": "openai:a"}}})
    assert policy.stages["prompt"].specs == {"direct": {"style": "full"}}
    assert brief(policy).stages["prompt"].specs == {"direct": None}


def test_what_else_a_prompt_is_given_stays_when_it_is_brief():
    options = {"short": {"direct": {"style": "full", "max_tokens": 9}}, "cot": None, "direct": "direct"}
    policy = load_policy(
        {"version": 1, "models": {"m": {"model": "openai:m"}}, "stages": {"prompt": {"options": options}}}
    )
    assert brief(policy).stages["prompt"].specs == {
        "short": {"direct": {"max_tokens": 9}},
        "cot": None,
        "direct": "direct",
    }


def test_instructions_and_language_are_no_matter_of_length():
    voice = {"instructions": "You are ACME's assistant.", "language": "de"}
    options = {"direct": {"direct": {"style": "full", **voice}}, "cot": {"cot": {"style": "full"}}}
    policy = load_policy(
        {"version": 1, "models": {"m": {"model": "openai:m"}}, "stages": {"prompt": {"options": options}}}
    )
    assert brief(policy).stages["prompt"].specs == {"direct": {"direct": voice}, "cot": None}


def test_parameters_alone_are_those_of_the_prompt_of_the_option_s_name():
    options = {"direct": {"style": "full", "instructions": "Be kind."}, "cot": {"cot": {"style": "full"}}}
    policy = load_policy(
        {"version": 1, "models": {"m": {"model": "openai:m"}}, "stages": {"prompt": {"options": options}}}
    )
    assert brief(policy).stages["prompt"].specs == {
        "direct": {"direct": {"instructions": "Be kind."}},
        "cot": None,
    }
