"""Complete cases in which a chosen cause occurs: a scenario of the cause, the rest filled in.

Somebody who knows everything about a case answers every question that applies. What a scenario
leaves out is drawn from the frequencies of answers, so that it shows no second cause on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from simdiag.api import Simdiag
from simdiag.calculation.times import day_of
from simdiag.errors import Problems
from simdiag.loading.cases import canonical
from simdiag.loading.scalars import read_value, write_value
from simdiag.loading.scenarios import read_scenarios
from simdiag.model.assessment import Assessment, State
from simdiag.model.cases import Case, FactList, GivenFact, RowId
from simdiag.model.terms import Cardinality, Slot
from simdiag.model.values import UNKNOWN_VALUE, Kind, Value, exactly
from simdiag.reasoning.chances import AnswerTables

CLOSED = FactList((), open=False, given=True)
ROUNDS = 6
OWN_NUMBER = "+32470123456"
IBAN = "BE68539007547034"
REFERENCE = "123456789002"
SIGNS = ("problem", "signs")


class Completer:
    """Fills in cases.

    Args:
        diag: The knowledge base, with an engine.
    """

    def __init__(self, diag: Simdiag) -> None:
        """Take the frequencies of answers from the terms."""
        self.diag = diag
        self.base = diag.base
        self.tables = AnswerTables(diag.base)

    def complete(self, case: Case, seed: int) -> Case:
        """Give a case in which every slot that applies and can be asked has a value."""
        chance = random.Random(seed)
        case = self.closed(case)
        for _ in range(ROUNDS):
            found = self.diag.assess(case)
            filled = self._filled(case, found, chance)
            if filled == case:
                break
            case = filled
        return case

    def closed(self, case: Case) -> Case:
        """Close every list, add the signs of what is given, and take out what does not apply."""
        lists = {
            template.name: replace(case.facts(template.name), open=False, given=True)
            for template in self.base.fact_templates()
            if template.cardinality is Cardinality.MANY or case.facts(template.name).facts
        }
        if not lists["line"].facts:
            lists["line"] = FactList((GivenFact("line", {}),), open=False, given=True)
        slots = dict(lists["problem"].facts[0].slots) if "problem" in lists else {}
        slots.setdefault("kind", frozenset({usual_kind(case)}))
        slots.setdefault("signs", signs_of(case))
        lists["problem"] = FactList((GivenFact("problem", slots),), open=False, given=True)
        lists.setdefault("user", FactList((GivenFact("user", {}),), open=False, given=True))
        return self._relevant(replace(case, lists=self._written(lists)))

    def _relevant(self, case: Case) -> Case:
        """Take out the values that do not matter for the other answers."""
        for _ in range(ROUNDS):
            idle = {
                warning.message.split("`")[1]
                for warning in self.diag.assess(case).warnings
                if warning.code == "not-relevant"
            }
            if not idle:
                break
            lists = {
                name: replace(sheet, facts=tuple(_without(fact, idle) for fact in sheet.facts))
                for name, sheet in case.lists.items()
                if name not in idle
            }
            lists |= {name: CLOSED for name in idle if name in case.lists}
            case = replace(case, lists=self._written(lists))
        return case

    def _written(self, lists: Mapping[str, FactList]) -> dict[str, FactList]:
        """Put facts into the order of a case, each value with its text."""
        found = {}
        for name, sheet in sorted(lists.items()):
            template = self.base.templates[name]
            facts = [
                GivenFact(
                    name,
                    fact.slots,
                    {
                        slot: write_value(value, template.slots[slot].type)
                        for slot, value in fact.slots.items()
                    },
                )
                for fact in sheet.facts
            ]
            found[name] = replace(sheet, facts=canonical(facts, template))
        return found

    def _filled(self, case: Case, found: Assessment, chance: random.Random) -> Case:
        lists = dict(case.lists)
        for name, sheet in case.lists.items():
            template = self.base.templates[name]
            facts = []
            for index, fact in enumerate(sheet.facts):
                held = found.inference.slots[RowId(name, index)]
                new = {
                    slot.name: self._value(name, slot, case, chance)
                    for slot in template.slots.values()
                    if slot.question is not None and held.get(slot.name) is UNKNOWN_VALUE
                }
                facts.append(replace(fact, slots={**fact.slots, **new}))
            lists[name] = replace(sheet, facts=tuple(facts))
        return replace(case, lists=self._written(lists))

    def _value(self, template: str, slot: Slot, case: Case, chance: random.Random) -> Value:
        brand = _known(case, "line", "brand")
        if brand is not None and slot.name in {"brand", "operator"}:
            return brand
        answers = _likely(self.tables.answers(template, slot.name), slot.name, case)
        kind = slot.type.kind
        if kind in {Kind.CHOICE, Kind.SET, Kind.BOOLEAN}:
            return chance.choices(list(answers), list(answers.values()))[0]
        if kind is Kind.TEXT:
            return _known(case, slot.name, "id") or f"nothing special {chance.randint(1, 9)}"
        return self._ordered(slot, case, chance)

    def _ordered(self, slot: Slot, case: Case, chance: random.Random) -> Value:
        today = day_of(int(case.as_of.high))
        days = chance.randint(3, 60)
        match slot.type.kind:
            case Kind.DATE:
                return exactly(today - days if slot.past else today + days)
            case Kind.DATETIME:
                moment = int(case.as_of.high) + (-86_400 if slot.past else 86_400) * days // 6
                return exactly(moment)
            case Kind.PHONE:
                return _known(case, "line", "msisdn") or OWN_NUMBER
            case Kind.IBAN:
                return read_value(IBAN, slot.type)
            case Kind.REFERENCE:
                return read_value(REFERENCE, slot.type)
            case Kind.MONEY:
                return exactly(chance.choice((1500, 2000, 2500)))
            case _:
                low = slot.type.minimum or 0
                return exactly(min(low + chance.randint(0, 12), slot.type.maximum or 10**9))


def _likely(answers: Mapping[Value, float], slot: str, case: Case) -> Mapping[Value, float]:
    """Leave out the answers that do not go with what somebody told at the beginning."""
    told = next(iter(case.facts("problem").facts)).slots
    kinds, signs = told["kind"], told["signs"]
    assert isinstance(kinds, frozenset)
    assert isinstance(signs, frozenset)
    odd: set[Value] = set()
    if slot == "status" and "line_dead" not in kinds:
        odd = {"no_service", "receive_only", "blocked_pin", "blocked_puk", "reported_lost"}
    elif slot == "contract_type":
        odd = {"prepaid"} if kinds == {"bill_mismatch"} else {"postpaid"}
    elif slot in {"channel", "method"} and "automatic" not in signs:
        odd = {"auto_topup", "direct_debit"}
    if slot in {"channel", "method"} and "voucher" not in signs:
        odd |= {"voucher_sms", "voucher_call", "voucher_web", "voucher"}
    return {value: share for value, share in answers.items() if value not in odd} or answers


def _known(case: Case, template: str, slot: str) -> Value | None:
    facts = case.facts(template).facts
    return next((fact.slots[slot] for fact in facts if slot in fact.slots), None)


def _without(fact: GivenFact, idle: Iterable[str]) -> GivenFact:
    gone = {name.partition(".")[2] for name in idle if name.startswith(f"{fact.template}.")}
    return replace(fact, slots={name: v for name, v in fact.slots.items() if name not in gone})


def usual_kind(case: Case) -> str:
    """Give the kind of problem of somebody who does not say it: what the facts speak of."""
    if case.facts("bill").facts or case.facts("bill_line").facts or case.facts("payment").facts:
        return "bill_mismatch"
    return "topup_failed" if case.facts("attempt").facts else "other"


def signs_of(case: Case) -> frozenset[str]:
    """Give what somebody would tick who knows the facts of a case."""
    attempts, lines = case.facts("attempt").facts, case.facts("line").facts
    vouched = {"voucher_sms", "voucher_call", "voucher_web"}
    moved = {"ported_in_on", "ported_out_on", "port_requested_on"}
    away = {"abroad_from", "abroad_to", "days_abroad_last_4_months"}
    user = next(iter(case.facts("user").facts), GivenFact("user", {})).slots
    held = [fact.slots for fact in (*attempts, *lines)]
    found = {
        "several_attempts": len(attempts) > 1,
        "voucher": bool(case.facts("voucher").facts)
        or any(s.get("method") == "voucher" or s.get("channel") in vouched for s in held),
        "odd_request": any(_is_odd(fact.slots) for fact in attempts),
        "message": bool(case.facts("notice").facts),
        "contacted": bool(case.facts("contact").facts),
        "number_moved": any(moved & set(s) for s in held),
        "automatic": any(
            s.get("auto_topup") in {"on", "broken"}
            or s.get("channel") == "auto_topup"
            or s.get("method") == "direct_debit"
            for s in held
        ),
        "abroad": user.get("in_belgium") is False
        or bool(away & set(user))
        or any("roaming_on" in s for s in held),
        "more_numbers": len(lines) > 1 or any(s.get("dual_sim") is True for s in held),
        "bill": bool(case.facts("bill").facts),
    }
    ticked = frozenset(name for name, is_so in found.items() if is_so)
    return ticked or frozenset({"nothing"})


def _is_odd(slots: Mapping[str, Value]) -> bool:
    asked = slots.get("asked_for")
    told = " ".join(str(slots.get(name, "")) for name in ("seller", "message")).casefold()
    words = ("telegram", "wechat", "whatsapp", "passport", "photo", "anydesk", "身份", "护照")
    return (
        (isinstance(asked, frozenset) and bool(asked - {"nothing_odd"}))
        or slots.get("seller_contact") == "chat_only"
        or any(word in told for word in words)
    )


def complete_cases(diag: Simdiag, folder: Path, each: int) -> list[tuple[str, Case]]:
    """Give complete cases for every diagnosis: its id, and a case in which it is suggested.

    Args:
        diag: The knowledge base, with an engine.
        folder: The package, beside whose diagnoses the scenarios stand.
        each: How many for each diagnosis, if so many can be made.
    """
    problems = Problems()
    files = sorted(folder.glob("diagnoses/*/*.test.yaml"))
    scenarios = read_scenarios(folder, files, diag.base, problems)
    problems.raise_if_any()
    completer = Completer(diag)
    found: list[tuple[str, Case]] = []
    for name in sorted(diag.base.diagnoses):
        own = [s.case for s in scenarios if s.diagnosis == name and s.kind == "positive"]
        made = 0
        for seed in range(3 * each if own else 0):
            case = completer.complete(own[seed % len(own)], seed)
            if made < each and _occurs(name, diag.assess(case)):
                found.append((name, replace(case, id=f"{name}-{seed}")))
                made += 1
    return found


def _occurs(diagnosis: str, found: Assessment) -> bool:
    return any(
        each.id == diagnosis and each.rating.state >= State.SUGGESTED for each in found.diagnoses
    )
