"""experta becomes importable, and nothing of what that took is left behind."""

from __future__ import annotations

import collections
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from simdiag.engines.rete.guard import load_experta

LOAD = "from simdiag.engines.rete.guard import load_experta; experta = load_experta()\n"
COMPLETE = "assert experta.KnowledgeEngine().get_rules() == []\n"
FAILED_IMPORT = """
try:
    import experta
except AttributeError:
    pass
else:
    raise SystemExit("experta imports by itself")
"""
FROZENDICT_BEFORE = """
import collections, collections.abc
collections.Mapping = collections.abc.Mapping
import frozendict
del collections.Mapping
"""


def run_alone(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter in which every warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=False, text=True
    )


def test_plain_import_fails() -> None:
    """X30: without the guard experta 1.9.4 does not import on the Pythons that we run on."""
    assert "Mapping" in run_alone("import experta").stderr


@pytest.mark.parametrize(
    "before",
    ["", FAILED_IMPORT, FROZENDICT_BEFORE, FROZENDICT_BEFORE + "import frozendict as f\n"],
    ids=["nothing", "failed import", "frozendict", "frozendict twice"],
)
def test_loads_whatever_came_before(before: str) -> None:
    """X30: experta loads complete, whatever was imported or failed to be imported before."""
    result = run_alone(before + LOAD + COMPLETE)
    assert result.returncode == 0, result.stderr


def test_experta_imported_by_others_is_taken() -> None:
    """If somebody else has imported experta, that very module is returned."""
    by_hand = FROZENDICT_BEFORE + "import experta as theirs\n"
    result = run_alone(by_hand + LOAD + "assert experta is theirs\n" + COMPLETE)
    assert result.returncode == 0, result.stderr


def test_import_leaves_no_trace() -> None:
    """X26: neither the name in collections nor a handler or level of the root logger is left."""
    code = (
        "import collections, logging, warnings\n"
        "root = logging.getLogger()\n"
        "before = root.handlers[:], root.level, warnings.filters[:]\n"
        + LOAD
        + "assert before == (root.handlers, root.level, warnings.filters)\n"
        "assert not hasattr(collections, 'Mapping')\n"
    )
    result = run_alone(code)
    assert result.returncode == 0, result.stderr


def test_existing_handlers_stay() -> None:
    """X26: handlers and level that the program has set before stay as they are."""
    code = (
        "import logging; logging.basicConfig(level=7); root = logging.getLogger()\n"
        "before = root.handlers[:]\n" + LOAD + "assert (root.handlers, root.level) == (before, 7)\n"
    )
    result = run_alone(code)
    assert result.returncode == 0, result.stderr


def test_missing_dependency_is_named() -> None:
    """A missing dependency of experta is an ImportError that names it, each time."""
    code = (
        "import sys; sys.modules['schema'] = None\n"
        "from simdiag.engines.rete.guard import load_experta\n"
        "for attempt in range(2):\n"
        "    try:\n"
        "        load_experta()\n"
        "    except ImportError as error:\n"
        "        assert 'schema' in str(error), error\n"
        "    else:\n"
        "        raise SystemExit('loaded')\n"
    )
    result = run_alone(code)
    assert result.returncode == 0, result.stderr


def test_threads_get_one_module() -> None:
    """Threads that load at the same time in a fresh process get one and the same module."""
    code = (
        "import threading, sys; sys.setswitchinterval(1e-6)\n"
        "from simdiag.engines.rete.guard import load_experta\n"
        "got = []\n"
        "barrier = threading.Barrier(12)\n"
        "def work():\n"
        "    barrier.wait(); got.append(load_experta().KnowledgeEngine)\n"
        "threads = [threading.Thread(target=work) for _ in range(12)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "import collections\n"
        "assert len(got) == 12 and len(set(got)) == 1 and not hasattr(collections, 'Mapping')\n"
    )
    result = run_alone(code)
    assert result.returncode == 0, result.stderr


def test_loading_again_is_the_same() -> None:
    """Loading again, also from threads, gives the same module and changes nothing."""
    with ThreadPoolExecutor(8) as pool:
        modules = list(pool.map(lambda _: load_experta(), range(40)))
    assert all(module is sys.modules["experta"] for module in modules)
    assert not hasattr(collections, "Mapping")
