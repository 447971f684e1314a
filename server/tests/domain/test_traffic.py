"""Who may be posted to: in turns, little to the slow, and always something for the quick."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchword_server.domain import traffic
from watchword_server.domain.traffic import Traffic

QUICK = settings(
    max_examples=50, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)


def key(number):
    return b"project", b"endpoint%d" % number


def begin(roads, shares):
    for one, count in shares.items():
        for _ in range(count):
            roads.begun(one)


def simulated(roads, dead, healthy, rounds):
    """Rounds of a second: all want more than they get; dead ones are parked and never answer.

    How many posts each healthy endpoint got done.
    """
    done = dict.fromkeys(healthy, 0)
    for _ in range(rounds):
        for _ in range(20):  # the healthy answer within a twentieth of that second
            shares = roads.shares([*dead, *healthy])
            begin(roads, shares)
            for one in healthy:
                for _ in range(shares.get(one, 0)):
                    roads.ended(one, was_parked=False, succeeded=True)
                    done[one] += 1
        for one in dead:
            lane = roads._lanes.get(one)
            while lane is not None and lane.parked < lane.under_way:
                roads.park(one)
    return done


def everybody_healthy_is_served(roads, dead=200, healthy=200):
    done = simulated(
        roads, [key(n) for n in range(dead)], [key(1000 + n) for n in range(healthy)], 5
    )
    assert min(done.values()) >= 5


def test_the_healthy_are_served_however_many_are_dead():
    roads = Traffic(64, 16)
    everybody_healthy_is_served(roads)
    assert roads.under_way <= 64 * 4


def test_the_healthy_mutant_is_caught():
    class Greedy(Traffic):
        """A post that is not answered keeps its place."""

        def park(self, key):
            self._lanes[key].parked += 1

    with pytest.raises(AssertionError):
        everybody_healthy_is_served(Greedy(64, 16))


def test_a_window_opens_with_answers_and_closes_with_a_silence():
    roads, one = Traffic(100, 8), key(1)
    assert roads.shares([one]) == {one: traffic.FIRST_WINDOW}
    for _ in range(20):
        roads.begun(one)
        roads.ended(one, was_parked=False, succeeded=True)
    assert roads.shares([one]) == {one: 8}
    begin(roads, roads.shares([one]))
    assert roads.shares([one]) == {}
    for _ in range(8):
        roads.park(one)
    for _ in range(8):
        roads.ended(one, was_parked=True, succeeded=False)
    assert roads.shares([one]) == {one: 1}
    assert (roads.under_way, roads.parked) == (0, 0)


def test_a_refusal_closes_nothing():
    roads, one = Traffic(100, 8), key(1)
    for succeeded in (True, True, False, False):
        roads.begun(one)
        roads.ended(one, was_parked=False, succeeded=succeeded)
    assert roads.shares([one]) == {one: traffic.FIRST_WINDOW + 2}


def test_places_are_dealt_out_in_turns():
    roads = Traffic(4, 4)
    first = roads.shares([key(n) for n in range(8)])
    assert len(first) == 4
    begin(roads, first)
    for one in first:
        roads.ended(one, was_parked=False, succeeded=True)
    second = roads.shares([key(n) for n in range(8)])
    assert not set(first) & set(second)


@QUICK
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("spf")), max_size=200))
def test_the_places_are_never_exceeded_and_always_come_back(acts):
    roads = Traffic(8, 4)
    open_posts: list[tuple[tuple[bytes, bytes], bool]] = []
    for number, act in acts:
        one = key(number)
        if act == "s":
            shares = roads.shares([one])
            assert shares.get(one, 0) <= 4
            begin(roads, shares)
            open_posts += [(one, False)] * shares.get(one, 0)
        elif act == "p" and (one, False) in open_posts:
            roads.park(one)
            open_posts[open_posts.index((one, False))] = (one, True)
        elif act == "f" and open_posts:
            whose, was_parked = open_posts.pop()
            roads.ended(whose, was_parked=was_parked, succeeded=not was_parked)
        assert roads.under_way == len(open_posts)
        assert roads.under_way - roads.parked <= 8
        assert roads.under_way <= 32
    for whose, was_parked in open_posts:
        roads.ended(whose, was_parked=was_parked, succeeded=False)
    assert (roads.under_way, roads.parked) == (0, 0)
    roads.forget_idle()


def stranger(number):
    return bytes(16), b"endpoint%d" % number


def leaves_the_others_their_places(roads):
    """However many strangers want something, and however slow they are."""
    everyone = [*(stranger(n) for n in range(50)), *(key(n) for n in range(6))]
    first = roads.shares([stranger(n) for n in range(50)])
    begin(roads, first)
    assert roads.under_way == 2
    posts = [one for one, count in first.items() for _ in range(count)]
    for one in posts:
        roads.park(one)
    shares = roads.shares(everyone)
    assert set(shares) == {key(n) for n in range(6)}
    for one in posts:
        roads.ended(one, was_parked=True, succeeded=False)
    assert sum(count for one, count in roads.shares(everyone).items() if one[0] == bytes(16)) == 2


def test_strangers_have_a_share_of_the_places_together():
    leaves_the_others_their_places(Traffic(8, 4))


def test_strangers_have_a_share_mutant_is_caught(monkeypatch):
    monkeypatch.setattr(traffic.strangers, "SHARE", 1)
    with pytest.raises(AssertionError):
        leaves_the_others_their_places(Traffic(8, 4))
