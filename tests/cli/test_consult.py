"""``simdiag consult`` as a person at a terminal, or a pipe, meets it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.cli.dialogue import Dialogue
from simdiag.cli.main import run
from simdiag.reasoning.planning import most_telling
from simdiag.reasoning.questions import fixed_order
from simdiag.reporting.wrap import width_of

ROOT = Path(__file__).resolve().parents[2]
TRANSCRIPT = ROOT / "examples" / "consultation.txt"
AS_OF = ("--as-of", "2025-11-20 18:00")
FEW = ("3", "d", "4", "2", "2", "yesterday 12:00", "2")

Consult = Callable[..., tuple[int, str]]


@pytest.fixture(name="consult")
def fixture_consult(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Consult:
    """Run the command in an empty folder with lines of input; give exit code and output.

    The questions come in the fixed order: what is tried here is the talk, not the choice.
    """
    monkeypatch.setattr("simdiag.reasoning.planning.most_telling", fixed_order)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*args: str, answers: tuple[str, ...] = (), lang: str = "en") -> tuple[int, str]:
        typed = "".join(f"{answer}\n" for answer in answers)
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        language = ("--lang", lang) if lang else ()
        code = run(["consult", *language, *args])
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return call


def questions(shown: str) -> list[str]:
    """Give the questions that were asked."""
    return re.findall(r"^(?:Question \d+\. |问题 \d+：)(.*)$", shown, re.MULTILINE)


def parts(transcript: str) -> tuple[list[str], tuple[str, ...], str]:
    """Take a transcript apart: the arguments of the command, what was typed, what was printed."""
    command, _, printed = transcript.partition("\n")
    args = [bare or quoted for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', command)]
    return args[3:], tuple(re.findall(r"^> ?(.*)$", printed, re.MULTILINE)), printed


def test_transcript_is_what_happens(consult: Consult, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typing the answers of the example gives exactly the example, with the planned questions."""
    monkeypatch.setattr("simdiag.reasoning.planning.most_telling", most_telling)
    # After a change of the texts: UPDATE_EXAMPLES=1 pytest tests/cli/test_consult.py
    transcript = TRANSCRIPT.read_text(encoding="utf-8")
    args, answers, printed = parts(transcript)
    code, shown = consult(*args, answers=answers, lang="")
    assert code == 0
    if os.environ.get("UPDATE_EXAMPLES"):
        TRANSCRIPT.write_text(transcript.partition("\n")[0] + "\n" + shown, encoding="utf-8")
        return
    assert shown == printed
    assert len(answers) > 10


def test_languages_are_offered_in_their_own_names(consult: Consult) -> None:
    """The first prompt offers the languages in their own names and takes number, tag or name."""
    for typed in ("2", "zh", "中文"):
        code, shown = consult(*AS_OF, answers=("klingon", typed), lang="")
        assert code == 0
        assert shown.index("1  English") < shown.index("2  中文") < shown.index("PIN 码")
        assert "问题 1：" in shown


def test_it_says_that_nothing_leaves_this_computer(consult: Consult) -> None:
    """Before the first question stands that nothing is sent and that no code is asked for."""
    _, shown = consult(*AS_OF)
    first = shown.index("Question 1.")
    for word in ("Nothing leaves this computer", "PIN", "card number"):
        assert 0 <= shown.index(word) < first


def test_veto_is_told_the_moment_it_holds(consult: Consult) -> None:
    """The veto on paying again comes right after the answer that makes it hold, and only once."""
    _, shown = consult(*AS_OF, answers=FEW)
    before, after = shown.split("STOP: Do not pay again")
    assert before.rstrip().endswith("> 2")
    assert len(questions(before)) == 5
    assert "Do not pay again" in after.split("What to do now")[1]


def test_end_of_input_shows_what_is_known(consult: Consult) -> None:
    """When the input ends, the result so far is shown, and that nothing was saved."""
    code, shown = consult(*AS_OF, answers=FEW)
    assert code == 0
    assert shown.index("What to do now") < shown.index("What not to do")
    assert "were not saved" in shown
    assert not list(Path().iterdir())


@pytest.mark.parametrize(("lang", "back", "again"), [("en", "back", "b"), ("zh", "返回", "b")])
def test_back_asks_the_question_before_again(
    consult: Consult, lang: str, back: str, again: str
) -> None:
    """Back shows the question before, as often as it is typed; at the first it says so."""
    _, shown = consult(*AS_OF, answers=("3", "d", back, again, back), lang=lang)
    asked = questions(shown)
    assert asked == [asked[0], asked[1], asked[2], asked[1], asked[0]]


def test_dont_know_is_kept_as_unknown(consult: Consult) -> None:
    """Not knowing goes on to the next question and leaves the slot out of the facts."""
    _, shown = consult(*AS_OF, "--save", "f.yaml", answers=("1", "d", "I don’t know", "d", "2"))
    assert len(questions(shown)) == 6
    facts = Path("f.yaml").read_text()
    body = [line for line in facts.splitlines() if not line.startswith("#")]
    assert "    - credit_state: pending" in [f"  {line}" for line in body]
    assert not [line for line in body if "payment_state" in line or "channel" in line]


def test_first_question_must_be_answered(consult: Consult) -> None:
    """Where the knowledge base offers no "don't know" it is not taken, and the person is told."""
    _, shown = consult(*AS_OF, answers=("d", "x", "", "9", "3"))
    assert "needs an answer" in shown
    assert "“None” is not possible here" in shown
    assert "Please type an answer, or h for help." in shown
    assert "from 1 to 6" in shown
    assert len(questions(shown)) == 2


def test_wrong_answer_is_asked_again(consult: Consult) -> None:
    """What is no date, or lies ahead, is not taken; what is expected is said."""
    answers = (*FEW[:5], "sometime", "tomorrow", "25:00", "3/11")
    _, shown = consult(*AS_OF, answers=answers)
    assert "Please type a date, such as today" in shown
    assert "has not come yet" in shown
    assert "no such time of day" in shown
    assert "Understood: 3 Nov 2025" in shown


def test_why_review_and_change(consult: Consult) -> None:
    """Why names causes, review the answers; a changed answer replaces the earlier one."""
    answers = ("3", "d", "4", "why", "2", "2", "change 3", "2", "review", "change 9", "change")
    _, shown = consult(*AS_OF, answers=answers)
    why = shown.split("> why")[1].split("Question")[0]
    assert re.search(r"^  - \w", why, re.MULTILINE)
    review = shown.split("> review")[1]
    assert "3. What does your bank show? The payment was refused" in review
    assert "5. Has the credit arrived? Nothing has arrived yet" in review
    assert "There is no question 9 yet" in review
    assert "Type for example: change 5" in review


def test_change_lists_what_it_would_take_away(consult: Consult) -> None:
    """Before answers are dropped they are listed, and nothing is lost if the person says no."""
    _, shown = consult(*AS_OF, answers=(*FEW, "change 1", "4", "no", "r", "change 1", "4", "yes"))
    asked, said_no, said_yes = shown.partition("> change 1")[2].split("Remove them?")
    listed = asked.split("would not apply any more:")[1]
    assert "3. What does your bank show? The money has left the account" in listed
    assert "Do you need the line" not in listed
    assert "Nothing was changed." in said_no
    assert "1. What went wrong? You can choose more than one. I paid" in said_no
    assert "4 later answers do not apply any more and were removed." in said_yes


def test_pasted_table_stands_for_the_answers(consult: Consult) -> None:
    """A table with a heading gives the facts of a list at once; a wrong one is refused whole."""
    table = ("Way of paying;Amount;payment_state", "visa;10,00;captured", "cash;5;refused", "")
    wrong = ("colour;amount", "red;ten", "")
    _, shown = consult(
        *AS_OF, "--save", "f.yaml", answers=("3", "d", "paste", *wrong, "paste", *table, "quit")
    )
    assert "line 1, “colour”" in shown
    assert "line 2, “ten”: Please type an amount" in shown
    assert "2 entries were taken over" in shown
    saved = Path("f.yaml").read_text()
    assert "payment_state: captured" in saved
    assert "payment_state: refused" in saved
    assert "open:" not in saved or "attempt" not in saved.split("open:")[1].splitlines()[0]


def test_paste_needs_a_list(consult: Consult) -> None:
    """At a question that is about no list a table is not taken."""
    _, shown = consult(*AS_OF, answers=("paste", "quit"))
    assert "There is no list here" in shown


def test_why_says_what_each_answer_would_do(consult: Consult) -> None:
    """Beside the causes that it separates, "why" says what follows from each answer."""
    _, shown = consult(*AS_OF, answers=("3", "d", "4", "2", "why", "quit"))
    why = shown.split("> why")[1].split("Question")[0]
    assert "What each answer would do:" in why
    assert re.search(
        r"- Nothing has arrived yet: STOP: .*Do not pay again", why.replace("\n    ", " ")
    )


def test_help_lists_what_can_be_typed(consult: Consult) -> None:
    """Help names every command, and the question is shown again after it."""
    for lang in ("en", "zh"):
        _, shown = consult(*AS_OF, answers=("h",), lang=lang)
        listed = shown.split("> h")[1]
        assert len(re.findall(r"^  \S", listed.split("1  ")[0], re.MULTILINE)) == 11
        assert len(questions(shown)) == 2


def test_several_facts_are_told_apart(consult: Consult) -> None:
    """Questions about one of several attempts say which one."""
    Path("two.yaml").write_text(
        "problem: {kind: [paid_not_credited]}\n"
        "attempt:\n  - {at: 2025-11-20 09:00, amount: 5.00}\n  - {at: 2025-11-20 10:00}\n"
    )
    _, shown = consult(*AS_OF, "--facts", "two.yaml", answers=("d", "4", "2"))
    assert "Top-up attempt 1 · 20 Nov 2025, 09:00 · €5.00" in shown
    assert "Top-up attempt 2 · 20 Nov 2025, 10:00" in shown


def test_saved_facts_go_on_and_are_diagnosed(consult: Consult) -> None:
    """What is saved is a facts file: consult goes on from it, with the next question."""
    _, first = consult(*AS_OF, "--save", "f.yaml", answers=(*FEW, "quit"))
    assert "--facts f.yaml" in first
    assert stat.S_IMODE(Path("f.yaml").stat().st_mode) == 0o600
    assert "payment_state" in Path("f.protocol.json").read_text()
    code, second = consult("--facts", "f.yaml", "--save", "f.yaml", answers=("review", "d", "quit"))
    assert code == 0
    assert questions(second)[0] == questions(first)[-1]
    assert "Top-up attempt · What the bank shows: The money has left the account" in second
    assert "Judged for Thursday 20 November 2025, 18:00." in second


def test_offered_files_are_written(consult: Consult) -> None:
    """At the end report and facts are offered; a file that is there is never written over."""
    Path("taken.html").write_text("mine")
    answers = (*FEW, "taken.html", "report", "report.html", "yes")
    code, shown = consult(*AS_OF, "--max-questions", "7", answers=answers)
    assert code == 0
    assert "taken.html is there already" in shown
    assert "must end in .html" in shown
    assert Path("taken.html").read_text() == "mine"
    assert "<html" in Path("report.html").read_text()
    assert "captured" in Path("simdiag-facts.yaml").read_text()


def test_end_of_input_at_an_offer_declines_it(consult: Consult) -> None:
    """When the input ends at the offer of a file, none is written and the end is a good one."""
    for answers in (FEW, (*FEW, ""), (*FEW, "taken")):
        code, shown = consult(*AS_OF, "--max-questions", "7", answers=answers)
        assert code == 0
        assert shown.count("What to do now") == 1
        assert "were not saved" in shown
    assert not list(Path().iterdir())


def test_enough_offers_the_result(consult: Consult, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as the first action is firm and no veto is open, the result is offered once."""
    monkeypatch.setattr(
        "simdiag.reasoning.consultation.enough_to_act", lambda found: len(found.missing) < 96
    )
    _, shown = consult(*AS_OF, answers=("3", "d", "4", "no", "2"))
    assert shown.count("enough to act") >= 1
    offered = shown.split("enough to act")[1]
    assert "Do you want to see the result now?" in offered
    assert "Question" in offered
    _, shown = consult(*AS_OF, answers=("3", "d", "4", "yes"))
    assert "Question" not in shown.split("enough to act")[1].split("Your next steps")[0]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_lines_fit_a_narrow_terminal(
    consult: Consult, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """At 60 columns no line is wider, questions, help and result included."""
    monkeypatch.setenv("COLUMNS", "60")
    _, shown = consult(*AS_OF, answers=("3", "h", "d", "4", "w", "r", "2", "2"), lang=lang)
    assert max(width_of(line) for line in shown.splitlines()) <= 60
    assert "\x1b" not in shown


def test_numbers_are_masked(consult: Consult) -> None:
    """A phone number is shown in full only if that was asked for."""
    answers = (*FEW, "0470 12 34 56", "review")
    _, masked = consult(*AS_OF, answers=answers)
    assert "12 34" not in masked
    assert "1234" not in masked
    _, shown = consult(*AS_OF, "--reveal", answers=answers)
    assert "+32470123456" in shown


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--save", "there.yaml"), 2, "there.yaml is there already"),
        (("--save", "new.csv"), 2, ".yaml or .json"),
        (("--facts", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("--facts", "two.yaml"), 2, "one case, found 2"),
        (("--facts", "bad.yaml"), 3, "bad.yaml:1:11"),
        (("--as-of", "soon"), 2, "soon"),
        (("--lang", "tlh"), 2, "tlh"),
    ],
)
def test_wrong_use_says_what_to_do(
    consult: Consult, args: tuple[str, ...], code: int, said: str
) -> None:
    """Wrong options and facts files give a message and the right exit code, before any question."""
    Path("there.yaml").write_text("mine")
    Path("two.yaml").write_text("cases: [{case: a}, {case: b}]\n")
    Path("bad.yaml").write_text("problem: {kin: other}\n")
    found, shown = consult(*AS_OF[: 0 if "--as-of" in args else 2], *args)
    assert found == code
    assert said in shown
    assert not questions(shown)
    assert Path("there.yaml").read_text() == "mine"


def test_cut_off_keeps_the_answers(consult: Consult, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C writes the answers to a new private file, says where, and leaves with 130."""
    Path("simdiag-facts.yaml").write_text("mine")
    told = Dialogue.tell

    def interrupt(self: Dialogue, key: str, *args: str, **values: object) -> None:
        if key == "question" and values["number"] == 5:
            raise KeyboardInterrupt
        told(self, key, *args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(Dialogue, "tell", interrupt)
    code, shown = consult(*AS_OF, answers=FEW)
    assert code == 130
    assert "Your answers are in simdiag-facts-2.yaml" in shown
    assert "operator_app" in Path("simdiag-facts-2.yaml").read_text()
    assert Path("simdiag-facts.yaml").read_text() == "mine"


def test_failure_inside_keeps_the_answers(
    consult: Consult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the engine fails, the answers are kept and no traceback is printed."""
    from simdiag.errors import EngineFailure

    told = Dialogue.tell

    def fail(self: Dialogue, key: str, *args: str, **values: object) -> None:
        if key == "question" and values["number"] == 4:
            raise EngineFailure("out of memory")
        told(self, key, *args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(Dialogue, "tell", fail)
    code, shown = consult(*AS_OF, answers=FEW)
    assert code != 0
    assert "Traceback" not in shown
    assert "captured" in Path("simdiag-facts.yaml").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_ctrl_c_at_a_terminal(tmp_path: Path) -> None:
    """At a real terminal Ctrl-C keeps the answers, with mode 0600, and ends without a traceback."""
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-c", "from simdiag.cli.main import main; main()", "consult"]
    process = subprocess.Popen(
        [*command, "--lang", "en", *AS_OF],
        cwd=tmp_path,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "dumb", "PYTHONPATH": str(ROOT / "src")},
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(slave),  # noqa: PLW1509 - nothing else runs here
    )
    os.close(slave)
    shown = _until(master, "Question 1.")
    os.write(master, b"3\n")
    shown += _until(master, "Question 2.")
    time.sleep(0.5)  # the prompt is printed a moment before a key is waited for
    os.write(master, b"\x03")
    shown += _until(master, None)
    os.close(master)
    assert process.wait(20) == 130
    assert "Your answers are in simdiag-facts.yaml" in shown
    assert "Traceback" not in shown
    path = tmp_path / "simdiag-facts.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "paid_not_credited" in path.read_text()


def _take_terminal(slave: int) -> None:
    """Make a pseudo-terminal the one that Ctrl-C comes from, and listen to it.

    A shell lets what it runs in the background ignore Ctrl-C, and children inherit that.
    """
    import fcntl
    import signal
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def _until(master: int, text: str | None) -> str:
    """Read from a terminal until a prompt follows some text, or until the end."""
    shown, deadline = "", time.monotonic() + 60
    with contextlib.suppress(OSError):  # the other end is closed
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 1)[0]:
                continue
            piece = os.read(master, 4096).decode("utf-8", "replace")
            shown += piece
            if not piece or (text is not None and re.search(f"{text}(.|\\n)*> $", shown)):
                return shown
    assert text is None, f"no {text} in {shown}"
    return shown
