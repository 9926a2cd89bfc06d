"""The consultation as a state machine: relevant questions, truthful people, going back."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from simdiag.api import Simdiag, consultation
from simdiag.i18n import Messages
from simdiag.loading.cases import judged_at
from simdiag.model.cases import Case, FactList
from simdiag.model.values import Kind, Value, exactly
from simdiag.reasoning.answers import AnswerReader, NotUnderstood
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.questions import Ask

ROOT = Path(__file__).resolve().parents[2]
TOPUPS = sorted(
    path for path in (ROOT / "examples" / "topup").glob("*.yaml") if path.stem != "expected"
)
AS_OF = judged_at("2025-11-20 18:00")
NEVER = 200
CLOSED = FactList((), open=False, given=True)


@pytest.fixture(scope="module")
def diag() -> Simdiag:
    """The shipped knowledge, on the engine that is the meaning itself."""
    return Simdiag.load(languages=["zh"], engine="reference")


@pytest.fixture
def start(diag: Simdiag) -> Consultation:
    """A consultation of which nothing is known."""
    return consultation(diag, AS_OF)


def one_case(diag: Simdiag, path: Path) -> Case:
    """Read the case of an example."""
    (case,) = diag.cases(path, diag.reader())
    return case


def truthful(case: Case, ask: Ask) -> Step:
    """Answer as somebody who knows exactly what a facts file says."""
    sheet = case.facts(ask.template)
    if ask.more:
        return Step(ask, Reply.MORE if ask.row < len(sheet.facts) else Reply.NO_MORE)
    if ask.row < len(sheet.facts):
        fact = sheet.facts[ask.row]
        if ask.slot in fact.slots:
            return Step(ask, Reply.VALUE, fact.written[ask.slot], fact.slots[ask.slot])
    if sheet == CLOSED:
        return Step(ask, Reply.NO_FACT)
    return Step(ask, Reply.DONT_KNOW)


def to_the_end(state: Consultation, case: Case) -> Consultation:
    """Answer truthfully until nothing is asked any more."""
    while state.question is not None:
        assert len(state.steps) < NEVER
        state = state.taken(truthful(case, state.question))
    return state


def some_value(ask: Ask, state: Consultation, choice: random.Random) -> Value | None:
    """Invent a value for the kinds of slots of which that is easy."""
    slot = state.desk.base.templates[ask.template].slots[ask.slot]
    match slot.type.kind:
        case Kind.CHOICE:
            return choice.choice(slot.type.choices)
        case Kind.SET:
            return frozenset({choice.choice(slot.type.choices)})
        case Kind.BOOLEAN:
            return choice.random() < 0.5
        case Kind.MONEY | Kind.INTEGER:
            return exactly(choice.choice((0, 500, 1500)))
        case _:
            return None


def some_step(ask: Ask, state: Consultation, choice: random.Random) -> Step:
    """Answer at random: a value, don't know, none, more."""
    if ask.more:
        return Step(ask, Reply.MORE if choice.random() < 0.3 else Reply.NO_MORE)
    if state.may_be_none(ask) and choice.random() < 0.2:
        return Step(ask, Reply.NO_FACT)
    value = some_value(ask, state, choice)
    if value is None or choice.random() < 0.2:
        return Step(ask, Reply.DONT_KNOW)
    return Step(ask, Reply.VALUE, "", value)


def walk(state: Consultation, seed: int, steps: int) -> Iterator[Consultation]:
    """Give the states of a consultation with random answers, the first one included."""
    choice = random.Random(seed)
    yield state
    for _ in range(steps):
        if state.question is None:
            return
        state = state.taken(some_step(state.question, state, choice))
        yield state


@pytest.mark.parametrize("path", TOPUPS[::3], ids=lambda path: path.stem)
def test_truthful_user_ends_with_the_diagnosis_of_all_facts(diag: Simdiag, path: Path) -> None:
    """Answering the questions finds the same first diagnosis as giving all facts at once."""
    case = one_case(diag, path)
    known = diag.assess(case).diagnoses[0]
    end = to_the_end(consultation(diag, case.as_of), case)
    found = end.assessment.diagnoses[0]
    assert (found.id, found.rating.state) == (known.id, known.rating.state)


def test_consultation_runs_on_experta(diag: Simdiag) -> None:
    """The engine of a consultation is experta, and it asks the same questions as the reference."""
    path = ROOT / "examples" / "topup" / "03-paid-ten-minutes-ago.yaml"
    case = one_case(diag, path)
    states = [
        consultation(Simdiag(diag.base, engine), case.as_of) for engine in ("reference", "experta")
    ]
    for _ in range(8):
        asks = {state.question for state in states}
        assert len(asks) == 1
        (ask,) = asks
        assert ask is not None
        states = [state.taken(truthful(case, ask)) for state in states]


@pytest.mark.parametrize("seed", range(3))
def test_back_restores_the_state_exactly(start: Consultation, seed: int) -> None:
    """Going back gives the same facts, question and assessment as before the answer."""
    states = list(walk(start, seed, 14))
    assert len(states) > 10
    state = states[-1]
    for before in reversed(states[:-1]):
        state = state.back()
        assert state == before
        assert state.sheets == before.sheets
        assert state.case == before.case
    again = states[7]
    for step in states[9].steps[7:]:
        again = again.taken(step)
    assert again.back().back().assessment == states[7].assessment
    assert again.back().back().question == states[7].question


@pytest.mark.parametrize("seed", range(3))
def test_dont_know_is_never_no(start: Consultation, seed: int) -> None:
    """After "don't know" exactly the same is known as before, and the question is not repeated."""
    for state in walk(start, seed, 12):
        ask = state.question
        if ask is None:
            break
        after = state.taken(Step(ask, Reply.DONT_KNOW))
        assert after.case == state.case
        assert ask not in after.open_questions


@pytest.mark.parametrize("seed", range(3))
def test_only_what_matters_is_asked(start: Consultation, seed: int) -> None:
    """No question is asked twice, of a known slot, or without something that hangs on it."""
    for state in walk(start, seed, 14):
        assert not set(state.open_questions) & {step.ask for step in state.steps}
        ask = state.question
        if ask is None:
            break
        assert state.matters_for(ask)
        assert ask in state.open_questions
        if not ask.more:
            slot = state.desk.base.templates[ask.template].slots[ask.slot]
            assert slot.question is not None


def given(
    state: Consultation, template: str, slot: str, value: Value, row: int = 0
) -> Consultation:
    """Answer a question, whether or not it is the next one."""
    return state.taken(Step(Ask(template, row, slot), Reply.VALUE, "", value))


def test_questions_of_other_problems_are_not_asked(start: Consultation) -> None:
    """Somebody with a failed top-up is asked nothing about bills."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    templates = {ask.template for ask in state.open_questions}
    assert "attempt" in templates
    assert not templates & {"bill", "bill_line", "subscription"}


def test_list_is_open_until_no_more(start: Consultation) -> None:
    """A list closes when "any more?" is answered no, and only then."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    state = given(state, "attempt", "payment_state", "captured")
    assert state.case.facts("attempt").open
    more = Ask("attempt", 1)
    assert more in state.open_questions
    another = state.taken(Step(more, Reply.MORE))
    assert another.case.facts("attempt").open
    assert len(another.case.facts("attempt").facts) == 2
    assert Ask("attempt", 1, "payment_state") in another.open_questions
    assert Ask("attempt", 2) in another.open_questions
    closed = state.taken(Step(more, Reply.NO_MORE))
    assert not closed.case.facts("attempt").open
    unsure = state.taken(Step(more, Reply.DONT_KNOW))
    assert unsure.case.facts("attempt").open


def test_more_comes_after_the_slots_of_one_fact(start: Consultation) -> None:
    """Another attempt is asked for only when nothing is left to ask about the one before."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    state = given(state, "attempt", "payment_state", "captured")
    own = [ask for ask in state.open_questions if ask.template == "attempt"]
    assert own[-1] == Ask("attempt", 1)
    assert [ask for ask in own if ask.more] == [own[-1]]


def test_none_closes_an_empty_list(start: Consultation) -> None:
    """Saying that there is no such fact closes the list and ends the questions about it."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    ask = Ask("voucher", 0, "brand")
    assert ask in state.open_questions
    assert state.may_be_none(ask)
    state = state.taken(Step(ask, Reply.NO_FACT))
    assert state.case.facts("voucher") == CLOSED
    assert "voucher" not in {found.template for found in state.open_questions}


def test_list_of_the_facts_file_stays_closed(diag: Simdiag) -> None:
    """Nobody is asked for more attempts if the facts file says which there are."""
    case = one_case(diag, TOPUPS[0])
    state = consultation(diag, case.as_of, case)
    asks = [ask for ask in state.open_questions if ask.template == "attempt"]
    assert asks
    assert all(ask.row == 0 and not ask.more for ask in asks)


def test_change_keeps_what_still_applies(start: Consultation) -> None:
    """A changed answer takes with it the answers that do not apply any more, and no others."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    state = given(state, "attempt", "payment_state", "refused")
    state = given(state, "attempt", "refusal_step", "card_data")
    state = given(state, "attempt", "credit_state", "pending")
    step = Step(Ask("attempt", 0, "payment_state"), Reply.VALUE, "", "captured")
    changed = state.changed(1, step)
    assert [found.ask.slot for found in changed.steps] == ["kind", "payment_state", "credit_state"]
    (fact,) = changed.case.facts("attempt").facts
    assert fact.slots == {"payment_state": "captured", "credit_state": "pending"}
    assert not [found for found in changed.assessment.warnings if found.code == "not-relevant"]


def test_change_to_none_takes_the_facts_with_it(start: Consultation) -> None:
    """If there turns out to be no voucher, nothing that was said about it is left."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    state = given(state, "voucher", "brand", "base")
    state = given(state, "voucher", "readable", value=True)
    state = state.taken(Step(Ask("voucher", 1), Reply.MORE))
    changed = state.changed(1, Step(Ask("voucher", 0, "brand"), Reply.NO_FACT))
    assert changed.case.facts("voucher") == CLOSED
    assert len(changed.steps) == 2


def test_day_given_for_a_moment_is_not_asked_again(start: Consultation) -> None:
    """Who tells the day of an attempt, but not the time, is not asked for it once more."""
    state = given(start, "problem", "kind", frozenset({"topup_failed"}))
    day = judged_at("2025-11-19").high
    state = given(state, "attempt", "at", type(AS_OF)(day - 86_399, day))
    assert Ask("attempt", 0, "at") not in state.open_questions


def test_bills_get_names_to_refer_to(start: Consultation) -> None:
    """Nobody invents an id: a bill gets one, and a line of a bill chooses from them."""
    state = given(start, "problem", "kind", frozenset({"bill_mismatch"}))
    ask = Ask("bill_line", 0, "bill")
    assert state.referred(ask) == ()
    state = given(state, "bill", "total", exactly(3750))
    ((ident, row),) = state.referred(ask)
    assert state.case.facts("bill").facts[row.index].slots["id"] == ident
    reader = AnswerReader(state.desk.reader, messages("en"), AS_OF)
    slot = state.desk.base.templates["bill_line"].slots["bill"]
    assert reader.read("bill_line", slot, "1", [ident]).value == ident
    none = state.taken(Step(Ask("bill", 1), Reply.NO_MORE)).back()
    assert none.referred(ask) == ((ident, row),)


def messages(lang: str) -> Messages:
    """The texts of the tool."""
    return Messages(lang)


def read(diag: Simdiag, lang: str, name: str, typed: str) -> Value | str:
    """Read an answer; the reason if it is not understood."""
    template, _, slot = name.partition(".")
    reader = AnswerReader(diag.reader(), messages(lang), AS_OF)
    try:
        return reader.read(template, diag.base.templates[template].slots[slot], typed).text
    except NotUnderstood as problem:
        return f"? {problem.reason}"


DATES = [
    ("en", "attempt.at", "today 17:50", "2025-11-20 17:50"),
    ("en", "attempt.at", "17:50", "2025-11-20 17:50"),
    ("en", "attempt.at", "18:30", "? later_today"),
    ("en", "attempt.at", "yesterday", "2025-11-19"),
    ("en", "attempt.at", "Yesterday at 6:30 pm", "2025-11-19 18:30"),
    ("en", "attempt.at", "18h05 yesterday", "2025-11-19 18:05"),
    ("en", "attempt.at", "3/11", "2025-11-03"),
    ("en", "attempt.at", "3/12", "2024-12-03"),
    ("en", "attempt.at", "3/11/25 9:00", "2025-11-03 09:00"),
    ("en", "attempt.at", "20.11.2025 16:40", "20.11.2025 16:40"),
    ("en", "attempt.at", "3 November", "2025-11-03"),
    ("en", "attempt.at", "Nov 3rd, 2025 10:15", "2025-11-03 10:15"),
    ("en", "attempt.at", "on Monday 10:00", "2025-11-17 10:00"),
    ("en", "attempt.at", "2 hours ago", "2025-11-20 16:00"),
    ("en", "attempt.at", "30 hours ago", "2025-11-19 12:00"),
    ("en", "attempt.at", "2025-11-20T16:40", "2025-11-20 16:40"),
    ("en", "attempt.at", "two sheep", "? date"),
    ("en", "attempt.at", "31/11", "? no_such_day"),
    ("en", "attempt.at", "today 25:00", "? no_such_time"),
    ("en", "attempt.at", "2025-11-21", "? future"),
    ("en", "attempt.at", "now", "2025-11-20 18:00"),
    ("en", "line.last_topup_on", "13/10/2024", "13/10/2024"),
    ("en", "line.last_topup_on", "2 weeks ago", "2025-11-06"),
    ("en", "line.credit_valid_until", "3/1", "2026-01-03"),
    ("en", "line.credit_valid_until", "Monday", "? which_week"),
    ("zh", "attempt.at", "昨天", "2025-11-19"),
    ("zh", "attempt.at", "今天 9:00", "2025-11-20 09:00"),
    ("zh", "attempt.at", "今天９：００", "2025-11-20 09:00"),
    ("zh", "attempt.at", "昨天下午6点半", "2025-11-19 18:30"),
    ("zh", "attempt.at", "今天中午12点", "2025-11-20 12:00"),
    ("zh", "attempt.at", "11月3日 8点05分", "2025-11-03 08:05"),
    ("zh", "attempt.at", "2025年11月3号", "2025-11-03"),
    ("zh", "attempt.at", "3小时前", "2025-11-20 15:00"),
    ("zh", "attempt.at", "两天前", "2025-11-18"),
    ("zh", "attempt.at", "半小时前", "2025-11-20 17:30"),
    ("zh", "attempt.at", "三个星期前", "2025-10-30"),
    ("zh", "attempt.at", "2天前", "2025-11-18"),
    ("zh", "attempt.at", "周一", "2025-11-17"),
    ("zh", "attempt.at", "3/11", "? which_month"),
    ("zh", "attempt.at", "20/11", "2025-11-20"),
    ("zh", "attempt.at", "yesterday 18:30", "2025-11-19 18:30"),
]


@pytest.mark.parametrize(("lang", "name", "typed", "expected"), DATES)
def test_dates_as_people_write_them(
    diag: Simdiag, lang: str, name: str, typed: str, expected: str
) -> None:
    """Dates are read as people write them, and what can mean two things is asked again."""
    assert read(diag, lang, name, typed) == expected


ANSWERS = [
    ("en", "attempt.payment_state", "4", "captured"),
    ("en", "attempt.payment_state", "The money has left the account", "captured"),
    ("en", "attempt.payment_state", "booked", "captured"),
    ("en", "attempt.payment_state", "the money came", "refunded"),
    ("en", "attempt.payment_state", "the", "? choice"),
    ("en", "attempt.payment_state", "6", "? choice"),
    ("en", "attempt.payment_state", "0", "? choice"),
    ("en", "problem.kind", "1,3", "paid_not_credited, topup_failed"),
    ("en", "problem.kind", "1 3", "paid_not_credited, topup_failed"),
    ("en", "problem.kind", "I paid, but the credit is not there", "paid_not_credited"),
    ("en", "problem.kind", "1 and 9", "? choice"),
    ("zh", "problem.kind", "1，3", "paid_not_credited, topup_failed"),
    ("zh", "problem.kind", "1、3", "paid_not_credited, topup_failed"),
    ("en", "line.dual_sim", "Y", "true"),
    ("en", "line.dual_sim", "2", "false"),
    ("en", "line.dual_sim", "perhaps", "? yes_or_no"),
    ("zh", "line.dual_sim", "是", "true"),
    ("zh", "line.dual_sim", "没有", "false"),
    ("zh", "line.dual_sim", "no", "false"),
    ("en", "attempt.amount", "10,5", "10,5"),
    ("en", "attempt.amount", "€ 15", "15"),
    ("zh", "attempt.amount", "15欧元", "15"),
    ("en", "attempt.amount", "10.505", "? money"),
    ("en", "attempt.amount", "-5", "? at_least"),
    ("en", "attempt.amount", "ten", "? money"),
    ("en", "line.data_left_mb", "2 GB", "? integer"),
    ("en", "line.data_left_mb", "0", "0"),
    ("en", "line.msisdn", "0470/12.34.56", "0470/12.34.56"),
    ("en", "line.msisdn", "12", "? phone"),
    ("en", "attempt.target_msisdn", "my own", "? phone"),
    ("en", "attempt.target_msisdn", "0470 12 34 5", "0470 12 34 5"),
    ("en", "bill.iban", "…7034", "…7034"),
    ("en", "bill.iban", "BE68 5390 0754 7035", "? iban"),
    ("en", "bill.reference", "+++123/4567/89002+++", "+++123/4567/89002+++"),
    ("en", "contact.reference", "no", "? text"),
    ("en", "attempt.message", '"help"', "help"),
    ("en", "attempt.message", "unknown", "? text"),
    ("en", "attempt.message", "card 4111 1111 1111 1111 refused", "? card_number"),
    ("en", "attempt.message", "order 1234567890123", "order 1234567890123"),
    ("en", "attempt.message", "a\tb\x1b[2Jc", "a b [2Jc"),
]


@pytest.mark.parametrize(("lang", "name", "typed", "expected"), ANSWERS)
def test_answers_as_people_type_them(
    diag: Simdiag, lang: str, name: str, typed: str, expected: str
) -> None:
    """An answer is understood in every usual form, and what is none says what is expected."""
    assert read(diag, lang, name, typed) == expected


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_shown_choice_can_be_typed(diag: Simdiag, lang: str) -> None:
    """The words of every choice, and its number, are understood as that choice."""
    reader = AnswerReader(diag.reader(), messages(lang), AS_OF)
    count = 0
    for template in diag.base.fact_templates():
        for slot in template.slots.values():
            if slot.question is None or slot.type.kind not in {Kind.CHOICE, Kind.BOOLEAN}:
                continue
            for number, (word, text) in enumerate(reader.choices(template.name, slot), start=1):
                expected = reader.read(template.name, slot, str(number))
                assert reader.read(template.name, slot, text) == expected, (slot.name, text)
                assert reader.read(template.name, slot, word) == expected, (slot.name, word)
                count += 1
    assert count > 100


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_has_a_text(lang: str) -> None:
    """Whatever can be wrong with an answer, there is a sentence that says what is expected."""
    source = ROOT / "src" / "simdiag" / "reasoning"
    text = "".join((source / name).read_text() for name in ("answers.py", "written_dates.py"))
    reasons = set(re.findall(r'Understood\("(\w+)"', text))
    reasons |= {kind.value for kind in (Kind.MONEY, Kind.PHONE, Kind.IBAN, Kind.INTEGER)}
    assert len(reasons) > 12
    assert all(f"consult.expected.{reason}" in messages(lang) for reason in reasons)
