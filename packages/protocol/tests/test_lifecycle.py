"""What happens to a kernel that crashes: decided without processes and without a clock."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nuncius.protocol.core.lifecycle import Announce, Launch, Lifecycle, RestartPolicy, State


def running(policy: RestartPolicy | None = None, now: float = 0.0) -> Lifecycle:
    lifecycle = Lifecycle(policy or RestartPolicy())
    lifecycle.start()
    lifecycle.ready(now)
    return lifecycle


def crash(lifecycle: Lifecycle, now: float):
    """The process ends; it is started again and gets ready at once, if it may."""
    effects = lifecycle.exited(now, "boom")
    if lifecycle.state is State.RESTARTING:
        lifecycle.launched()
        lifecycle.ready(now)
    return effects


def test_a_kernel_that_crashes_is_started_again_with_the_same_ports():
    lifecycle = running()
    assert lifecycle.exited(5.0, "boom") == [Announce("restart", "boom"), Launch(0.0, False)]
    assert lifecycle.state is State.RESTARTING
    lifecycle.launched()
    lifecycle.ready(6.0)
    assert (lifecycle.state, lifecycle.crashes) == (State.RUNNING, 1)


def test_a_kernel_that_never_got_ready_gets_new_ports():
    """The port that it was given may be the reason."""
    lifecycle = running()
    lifecycle.exited(1.0, "boom")
    lifecycle.launched()
    assert lifecycle.exited(2.0, "boom") == [Announce("restart", "boom"), Launch(0.25, True)]


def test_each_restart_of_a_series_waits_longer_and_the_last_one_is_the_last():
    lifecycle = running(RestartPolicy(limit=4, first_delay=0.5, longest_delay=1.5))
    effects = [crash(lifecycle, float(t)) for t in range(5)]
    delays = [e[1].delay for e in effects[:4]]
    assert delays == [0.0, 0.5, 1.0, 1.5]
    assert effects[4] == [Announce("dead", "boom")]
    assert lifecycle.state is State.DEAD


def test_a_kernel_that_has_run_long_enough_starts_a_new_series():
    lifecycle = running(RestartPolicy(limit=1, stable_after=10))
    crash(lifecycle, 1.0)
    assert crash(lifecycle, 11.0)[0] == Announce("restart", "boom")
    assert crash(lifecycle, 20.9) == [Announce("dead", "boom")]


def test_a_kernel_that_is_asked_to_stop_has_not_crashed():
    lifecycle = running()
    assert lifecycle.stop()
    assert lifecycle.exited(1.0, "boom") == []
    assert lifecycle.state is State.STOPPED
    assert not lifecycle.stop()


def test_stopping_ends_the_waiting_for_a_restart():
    lifecycle = running()
    lifecycle.exited(1.0, "boom")
    assert lifecycle.stop()
    lifecycle.launched()
    lifecycle.ready(2.0)
    assert lifecycle.state is State.STOPPING


def test_without_restarts_a_crash_is_the_end():
    lifecycle = running(RestartPolicy(enabled=False))
    assert lifecycle.exited(1.0, "boom") == [Announce("dead", "boom")]


def test_a_dead_kernel_can_be_started_and_a_running_one_cannot():
    lifecycle = running(RestartPolicy(enabled=False))
    with pytest.raises(RuntimeError, match="the kernel is running already"):
        lifecycle.start()
    lifecycle.exited(1.0, "boom")
    lifecycle.start()
    assert (lifecycle.state, lifecycle.crashes) == (State.STARTING, 0)
    lifecycle.failed_start()
    assert lifecycle.state is State.STOPPED


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 10**6))
def test_delays_grow_and_have_an_end(crashes):
    policy = RestartPolicy()
    assert policy.delay(crashes) <= policy.delay(crashes + 1) <= policy.longest_delay


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["start", "ready", "exited", "stop", "launched"]), st.floats(0, 100)
        )
    )
)
def test_whatever_happens_there_are_never_more_restarts_than_allowed(events):
    """No order of events starts a kernel for ever, or starts one that was asked to stop."""
    lifecycle = Lifecycle(RestartPolicy(limit=2, stable_after=1000))
    now, launches = 0.0, 0
    for event, step in events:
        now += step
        if event == "start":
            if lifecycle.state in (State.STOPPED, State.DEAD):
                lifecycle.start()
                launches = 0
        elif event == "exited":
            stopping = lifecycle.state in (State.STOPPING, State.STOPPED, State.DEAD)
            effects = lifecycle.exited(now, "boom")
            assert not (stopping and effects)
            launches += any(isinstance(e, Launch) for e in effects)
        elif event == "ready":
            lifecycle.ready(now)
        elif event == "stop":
            lifecycle.stop()
        else:
            lifecycle.launched()
        assert launches <= 2
