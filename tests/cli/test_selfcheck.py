from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simdiag.cli.main import DONE, FOUND, USAGE, run
from simdiag.engines.base import Engine
from simdiag.engines.rete.engine import ReteEngine
from simdiag.errors import NotYet
from simdiag.model.cases import Case
from simdiag.model.inference import Inference

Selfcheck = Callable[..., tuple[int, str, str]]


@pytest.fixture
def selfcheck(make_package: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> Selfcheck:
    """Check the small package; give the exit code, the output and the messages."""

    def call(*words: str) -> tuple[int, str, str]:
        code = run(["--rules", str(make_package()), "selfcheck", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def forgetful(engine: Engine, case: Case) -> Inference:
    """Conclude a case, but no contradiction of facts and no rule that excludes."""
    found = Engine.infer(engine, case)
    kept = {name: found.outcomes[name] for name in found.outcomes if "refused" not in name}
    return replace(found, outcomes=kept)


def test_engines_that_agree(selfcheck: Selfcheck) -> None:
    """One line says how many cases were tried on which engines; in a pipe there is no bar."""
    code, out, err = selfcheck("--cases", "12", "--seed", "3")
    assert code == DONE
    assert out.startswith("12 random cases (seed 3): the engines reference")
    assert out.count("\n") == 1
    assert err == ""


def test_verdict_is_translated(selfcheck: Selfcheck) -> None:
    """The verdict is in the language that was asked for."""
    code, out, _ = selfcheck("--cases", "2", "--lang", "zh")
    assert code == DONE
    assert "2 个随机案例" in out


def test_engines_that_differ(
    selfcheck: Selfcheck,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What differs is told with exit code 1, and the output is a facts file that shows it."""
    with monkeypatch.context() as patched:
        patched.setattr(ReteEngine, "infer", forgetful)
        code, out, err = selfcheck("--cases", "30")
    assert code == FOUND
    assert err == ""
    assert " of 30 random cases (seed 1) do not come out the same" in out
    assert "# reference and experta differ in: " in out
    path = tmp_path / "shown.yaml"
    path.write_text(out, "utf-8")
    package = str(tmp_path / "small")
    assert run(["--rules", package, "diagnose", str(path), "--format", "json"]) == DONE
    assert '"topup.paid#refused"' in capsys.readouterr().out


def test_what_an_engine_lacks_is_told(
    selfcheck: Selfcheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that lacks something is left out, which is told; that alone is no difference."""

    def lacks(*_: object) -> Inference:
        raise NotYet("steps")

    monkeypatch.setattr(ReteEngine, "infer", lacks)
    code, out, _ = selfcheck("--cases", "3")
    assert code == DONE
    lines = out.splitlines()
    assert lines[1:] == [
        "3 of these cases were compared without an engine that lacks something (experta: steps)."
    ]


@pytest.mark.parametrize("words", [["--cases", "0"], ["--cases", "many"], ["--seed", "x"]])
def test_wrong_usage(selfcheck: Selfcheck, words: list[str]) -> None:
    """Numbers that are none, and no cases at all, are wrong usage."""
    code, out, err = selfcheck(*words)
    assert code == USAGE
    assert out == ""
    assert words[1] in err
