"""Decide what happens to a kernel's process: start, stop, restart after a crash, or give up. Without I/O and without a clock.

A kernel is in one of these states::

    STOPPED ──start──> STARTING ──ready──> RUNNING ──stop──> STOPPING ──exited──> STOPPED
                          │                   │
                          └──────exited───────┴──> RESTARTING ──launch──> STARTING
                                              (too often) ──> DEAD ──start──> STARTING

Rule 1: only this class decides whether a process that ended is started again, and when.
Rule 2: a process that ends while it is asked to stop has not crashed.
Rule 3: crashes count as one series until the kernel has run for `RestartPolicy.stable_after` seconds. Within a series each restart waits longer, and after `RestartPolicy.limit` of them the kernel is dead.
Rule 4: a kernel that ended before it ever was ready may have met a taken port: it gets new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Announce",
    "Effect",
    "Launch",
    "Lifecycle",
    "RestartPolicy",
    "State",
]


class State(StrEnum):
    """What a kernel's process is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a kernel that crashed is started again.

    Attributes:
        enabled: At all.
        limit: How many times in a series of crashes.
        stable_after: Seconds that a kernel must have run to end the series.
        first_delay: Seconds before the second restart of a series; the first one waits for nothing.
        factor: By which each further delay is longer.
        longest_delay: Seconds.
        new_ports_until_ready: Give other ports to a kernel that ended before it was ready.
    """

    enabled: bool = True
    limit: int = 5
    stable_after: float = 10.0
    first_delay: float = 0.25
    factor: float = 2.0
    longest_delay: float = 10.0
    new_ports_until_ready: bool = True

    def delay(self, crashes: int) -> float:
        """Return the seconds to wait after the ``crashes``-th crash of a series (from 1)."""
        if crashes <= 1:
            return 0.0
        # The exponent is limited: a float has no room for what a large limit would make of it.
        return min(self.first_delay * self.factor ** min(crashes - 2, 60), self.longest_delay)


@dataclass(frozen=True, slots=True)
class Launch:
    """Start the process.

    Attributes:
        delay: Seconds to wait before; give up waiting if the kernel is asked to stop meanwhile.
        new_ports: Choose other ports.
    """

    delay: float = 0.0
    new_ports: bool = False


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell whoever wants to know what became of the kernel.

    Attributes:
        event: ``restart`` before a restart after a crash, ``dead`` when there will be none.
        reason: Why the process ended, in words.
    """

    event: str
    reason: str


Effect = Launch | Announce


@dataclass(slots=True)
class Lifecycle:
    """The state of one kernel.

    Times are seconds of any clock that never goes back.

    Args:
        policy: When to restart.

    Attributes:
        state: What the process is doing. This and the following two are the whole state.
        crashes: Of the present series.
        ready_since: When the running process became ready, None if it is not.
    """

    policy: RestartPolicy = RestartPolicy()
    state: State = State.STOPPED
    crashes: int = 0
    ready_since: float | None = None

    def start(self) -> None:
        """Note that a person starts the kernel; you must launch it, then call `ready` or `exited`.

        Raises:
            RuntimeError: It runs already.
        """
        if self.state not in (State.STOPPED, State.DEAD):
            raise RuntimeError(
                f"the kernel is {self.state} already; restart it, or shut it down first"
            )
        self.state = State.STARTING
        self.crashes = 0
        self.ready_since = None

    def ready(self, now: float) -> None:
        """Note that the kernel has answered."""
        if self.state is State.STARTING:
            self.state = State.RUNNING
            self.ready_since = now

    def stop(self) -> bool:
        """Note that the kernel is to end; you must end the process, then call `exited`.

        Returns:
            Whether there may be a process to end.
        """
        if self.state in (State.STOPPED, State.DEAD):
            return False
        self.state = State.STOPPING
        return True

    def launched(self) -> None:
        """Note that the process of a `Launch` was started; call `ready` or `exited` next."""
        if self.state is State.RESTARTING:
            self.state = State.STARTING
            self.ready_since = None

    def exited(self, now: float, reason: str) -> list[Effect]:
        """Take the end of the process.

        Args:
            now: When it was noticed.
            reason: In words, for those who are told.

        Returns:
            What to do now, in order.
        """
        was, since = self.state, self.ready_since
        self.ready_since = None
        if was in (State.STOPPING, State.STOPPED, State.DEAD):
            self.state = State.DEAD if was is State.DEAD else State.STOPPED
            return []
        if since is not None and now - since >= self.policy.stable_after:
            self.crashes = 0
        self.crashes += 1
        if not self.policy.enabled or self.crashes > self.policy.limit:
            self.state = State.DEAD
            return [Announce("dead", reason)]
        self.state = State.RESTARTING
        new_ports = since is None and self.policy.new_ports_until_ready
        return [
            Announce("restart", reason),
            Launch(self.policy.delay(self.crashes), new_ports),
        ]

    def failed_start(self) -> None:
        """Note that the first start failed, and that whoever asked for it was told."""
        self.state = State.STOPPED
        self.ready_since = None
