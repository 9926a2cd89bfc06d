"""Work in several processes whose results come back in the order of the work."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final, TypeVar

from simdiag.errors import EngineFailure

Work = TypeVar("Work")
Result = TypeVar("Result")

# So many pieces wait for each process: enough to keep it busy, few enough to keep memory small.
_AHEAD: Final = 3


def ordered_map(
    work: Callable[[Work], Result],
    pieces: Sequence[Work],
    jobs: int,
    start: Callable[..., None],
    arguments: tuple[Any, ...],
) -> Iterator[Result]:
    """Do pieces of work in processes of their own.

    Args:
        work: A function of a module, given one piece.
        pieces: The pieces.
        jobs: Number of processes.
        start: A function of a module that makes a process ready.
        arguments: What ``start`` is given.

    Returns:
        The results in the order of the pieces.

    Raises:
        EngineFailure: A process ended before its work, for instance for want of memory.
    """
    # Processes are started afresh: a copy of this one could hold locks of its threads.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _begin, (start, arguments))
    waiting: deque[Future[Result]] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > jobs * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        text = "one of the processes ended before its work; try again with fewer jobs"
        raise EngineFailure(text) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Make a process ready; when a person interrupts, only the first process minds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start(*arguments)
