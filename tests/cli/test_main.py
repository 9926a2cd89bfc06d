"""The command as a whole: help, exit codes, and what a person reads when something goes wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from simdiag.cli import main as cli_main
from simdiag.cli.common import printable
from simdiag.cli.main import COMMANDS, run
from simdiag.errors import EngineFailure, UsageError

ROOT = Path(__file__).resolve().parents[2]
PAID = str(ROOT / "examples/topup/03-paid-ten-minutes-ago.yaml")
HEAVY = ("experta", "yaml", "jinja2", "rich", "babel", "phonenumbers", "simdiag.api")


def simdiag(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own."""
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, *args)
    return subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=ROOT)


def test_alone_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any word the command says what to type, in each language, and is content."""
    assert run([]) == 0
    shown = capsys.readouterr().out
    assert "simdiag consult" in shown
    assert "请输入" in shown


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names every command and every exit code."""
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "3 bad input" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of the list exists and has a help of its own."""
    assert run([name, "--help"]) == 0
    assert f"simdiag {name}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    """The help of the command loads no engine, no YAML, no templates."""
    code = (
        "import sys; from simdiag.cli.main import run; run(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, check=True)
    assert done.stderr.strip() == b"[]"


def test_help_is_quick() -> None:
    """The help is there within a quarter of a second, start of Python included."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert simdiag("--help").returncode == 0
        took.append(time.perf_counter() - began)
    assert min(took) < 0.25


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is that of the package."""
    assert run(["--version"]) == 0
    assert "0." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["diagnoze", PAID], "did you mean `diagnose`"),
        (["diagnose"], "Missing argument"),
        (["diagnose", PAID, "--lang", "tlh"], "`en`, `fr`, `nl`, `zh`"),
        (["diagnose", PAID, "--as-of", "soon"], "a date and time such as"),
        (["diagnose", PAID, "--formt", "json"], "--format"),
        (["diagnose", "nowhere.yaml"], "cannot read nowhere.yaml"),
        (["diagnose", "facts.pdf"], ".yaml"),
        (["--rules", "nowhere", "diagnose", PAID], "no knowledge package in nowhere"),
    ],
)
def test_wrong_usage(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with 2 and says what is wrong and what would be right."""
    assert run(args) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("no such thing"), 2, "no such thing"),
        (EngineFailure("case c1 did not end"), 70, "--engine reference"),
        (OSError(28, "No space left on device", "out.jsonl"), 74, "out.jsonl: No space left"),
        (BrokenPipeError(), 0, ""),
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("boom"), 70, "RuntimeError: boom"),
    ],
)
def test_every_failure_is_plain(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever goes wrong inside ends with its code and one plain message, never a traceback."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("simdiag.cli.common.load", fail)
    monkeypatch.setattr("simdiag.cli.diagnose.load", fail)
    monkeypatch.setattr(cli_main, "_forget_output", lambda: None)
    assert run(["diagnose", PAID]) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_reader_that_stops_early() -> None:
    """A reader that has had enough gets no message and no failure."""
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, "batch", "examples/mixed-cases.yaml", "-o", "-")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10) == b'{"case": "'
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_full_disk() -> None:
    """An output that cannot be written ends with 74 and a plain message."""
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, "diagnose", PAID)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 74
    assert done.stderr.decode().strip() == "simdiag: cannot read or write: No space left on device"


def test_another_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A knowledge package with errors is refused with file, line and column, and 3."""
    (tmp_path / "package.yaml").write_text("package: x\nversoin: 1\n")
    assert run(["--rules", str(tmp_path), "diagnose", PAID]) == 3
    assert "package.yaml:2:1: error[unknown-key]" in capsys.readouterr().err


def test_input_cannot_steer_the_terminal() -> None:
    """Control characters of an input are shown as their codes."""
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\n"
