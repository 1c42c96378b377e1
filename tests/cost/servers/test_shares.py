"""A call's share of a server, and the CPU time per token."""

import random

import pytest

from dynamicrag.cost.servers.shares import TOLERANCE, Segment, take
from dynamicrag.cost.servers.tokens import LEAST, fitted, predicted


def segment(cpu, claimants, opened=None, gpu=0.0):
    return Segment(1, opened or claimants, claimants, cpu, gpu)


def test_a_call_alone_takes_what_the_server_burnt_up_to_a_tolerance():
    assert take([segment(3.0, 1)], None, others=False) == (3.0, 0.0, 3.0)
    assert take([segment(3.0, 1)], 2.0, others=False) == (3.0, 0.0, 3.0)
    assert take([segment(30.0, 1)], 2.0, others=False).cpu == TOLERANCE * 2.0


def test_open_calls_share_equally_until_their_tokens_predict():
    segments = [segment(4.0, 1, 1), segment(6.0, 2)]
    assert take(segments, None, others=False) == (7.0, 0.0, 0.0)
    assert [each.cpu for each in segments] == [0.0, 3.0]


def test_the_last_call_of_a_segment_takes_the_rest():
    shared = [segment(6.0, 2)]
    assert take(shared, 2.0, others=False).cpu == pytest.approx(2.0)
    shared[0].claimants = 1
    assert take(shared, 3.5, others=False).cpu == pytest.approx(4.0)


def test_a_call_takes_the_time_in_which_it_was_alone_first():
    segments = [segment(10.0, 1, 1), segment(10.0, 2)]
    assert take(segments, 15.0, others=False).cpu == pytest.approx(15.0)
    assert [each.cpu for each in segments] == pytest.approx([0.0, 5.0])


def test_beside_other_clients_a_call_takes_what_its_tokens_predict():
    assert take([segment(30.0, 1)], 2.0, others=True).cpu == pytest.approx(2.0)
    assert take([segment(1.0, 1)], 2.0, others=True).cpu == pytest.approx(1.0)
    assert take([segment(4.0, 1)], None, others=True).cpu == pytest.approx(2.0)


def test_gpu_energy_follows_cpu_time():
    segments = [segment(6.0, 2, gpu=60.0)]
    assert take(segments, 2.0, others=False).gpu == pytest.approx(20.0)
    assert segments[0].gpu == pytest.approx(40.0)
    assert take([segment(0.0, 2, gpu=10.0)], None, others=False).gpu == pytest.approx(5.0)


def test_no_more_is_charged_than_the_server_burnt():
    chance = random.Random(0)
    for _ in range(200):
        calls = chance.randint(1, 5)
        segments = [segment(chance.random() * 5, calls, gpu=chance.random()) for _ in range(3)]
        cpu, gpu = sum(each.cpu for each in segments), sum(each.gpu for each in segments)
        shares = []
        for left in range(calls, 0, -1):
            for each in segments:
                each.claimants = left
            guess = chance.choice([None, chance.random() * 10])
            shares.append(take(segments, guess, others=chance.random() < 0.3))
        assert sum(share.cpu for share in shares) <= cpu + 1e-9
        assert sum(share.gpu for share in shares) <= gpu + 1e-9


def rows(count, extra, *, sole=True, seed=1):
    chance, made = random.Random(seed), []
    for number in range(count):
        prompt, output = chance.randint(20, 2000), chance.randint(5, 200)
        cpu = (0.001 * prompt + 0.02 * output + 0.05) * chance.uniform(0.95, 1.05)
        made.append((prompt, output, cpu * (3.0 if number in extra else 1.0), sole))
    return made


def test_the_fit_needs_some_calls():
    assert fitted(rows(LEAST - 1, ())) is None
    assert predicted(fitted(rows(LEAST, ())), 1000, 100) == pytest.approx(3.05, rel=0.1)


def test_calls_that_overlapped_strangers_do_not_move_the_fit():
    disturbed = fitted(rows(40, range(12)))
    assert predicted(disturbed, 1000, 100) == pytest.approx(3.05, rel=0.1)
    watched = fitted(rows(40, range(25), sole=False))  # strangers are connected all the time
    assert predicted(watched, 1000, 100) == pytest.approx(3.05, rel=0.15)
