"""A small knowledge base and hand-made results, as an engine would give them."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from simdiag.model.conditions import All
from simdiag.model.knowledge import KnowledgeBase, Source, Thresholds
from simdiag.model.rules import Action, Diagnosis, Finding, Purpose, Rule, Subject, Veto
from simdiag.model.terms import (
    Cardinality,
    Choice,
    Provenance,
    ReferenceRow,
    Slot,
    Template,
)
from simdiag.model.values import Kind, SlotType

HASH = "0123456789abcdef"
CHECKED = date(2025, 11, 19).toordinal()

PAID, REFUSED = "topup.paid-not-credited", "topup.amount-refused"
A1 = {
    "template": "attempt",
    "key": {"id": "a1", "at": "2025-11-20T17:50:00+01:00", "amount": "10.00 EUR"},
}
A2 = {
    "template": "attempt",
    "key": {"id": "a2", "at": "2025-11-20T17:40:00+01:00", "amount": "10.00 EUR"},
}
BILL = {"template": "bill", "key": {"id": "2025-10", "date": "2025-11-03"}}

ENGLISH = {
    f"{PAID}/title": "You paid, but the credit has not arrived",
    f"{PAID}/summary": "The bank has paid the seller. The operator has not added the credit yet.",
    f"{PAID}/limitations": "A reservation without booking looks the same for the first hours.",
    f"{PAID}#captured/text": "Your bank shows the payment as booked, but no credit arrived.",
    f"{PAID}#recent/text": "The payment is only a few minutes old. Credit can still arrive.",
    f"{PAID}#do-wait/text": "Most payments arrive within a day.",
    f"{PAID}#veto-pay_again/text": "The payment of today is not lost.",
    f"{REFUSED}/title": "The amount is too small",
    f"{REFUSED}#booked/text": "The payment was booked, so the amount was accepted.",
    "action:wait/title": "Wait until {until}",
    "action:wait/text": "Credit normally arrives within minutes. Keep the phone switched on.",
    "action:wait/proof.0": "bank entry with its date",
    "action:gather_proof/title": "Collect your proofs",
    "action:gather_proof/text": "Save the bank entry and the receipt, with date and time.",
    "action:complain_in_writing/title": "Complain in writing",
    "action:complain_in_writing/text": "Write to the seller and ask for an answer.",
    "action:complain_in_writing/proof.0": "bank entry with its date",
    "action:complain_in_writing/proof.1": "order number",
    "action:complain_in_writing/say": "I paid {amount} on {date} and the credit did not arrive.",
    "veto:pay_again/title": "Do not pay again",
    "veto:pay_again/text": "A second payment can be booked as well.",
    "veto:share_codes/title": "Do not give codes away",
    "veto:share_codes/text": "Nobody honest asks for your PIN.",
    "template:attempt/title": "top-up attempt",
    "template:bill/title": "bill",
    "template:brand/title": "brand",
    "slot:attempt.at/title": "time of the attempt",
    "slot:attempt.at/question": "When did you try?",
    "slot:attempt.amount/title": "amount",
    "slot:attempt.payment_state/title": "what the bank shows",
    "slot:attempt.payment_state/question": "What does your bank show?",
    "slot:attempt.credit_state/title": "whether the credit arrived",
    "slot:attempt.credit_state/question": "Did the credit arrive?",
    "slot:attempt.seller/title": "who took the money",
    "slot:attempt.seller/question": "Who took the money?",
    "slot:brand.minimum_topup/title": "least top-up",
    "choice:attempt.payment_state.captured": "The money has left the account",
    "choice:attempt.credit_state.pending": "Not yet",
    "finding:attempt.age/title": "age of the attempt",
    "finding:pair.twins/title": "twins",
    "ladder:topup/text": "We do not know the cause yet. Check the network first.",
    "clash#bank-and-seller/text": "The bank says debited, the seller says failed.",
    "clash#bank-and-seller/ask": "the booking line of the bank, with its date",
}  # fmt: skip

CHINESE = {
    f"{PAID}/title": "已经付款，但话费还没有到账",
    f"{PAID}/summary": "银行已经把钱付给卖家，运营商还没有加上话费。",
    f"{PAID}/limitations": "只有预授权而没有入账的付款，在最初几个小时里看起来是一样的。",
    f"{PAID}#captured/text": "您的银行显示这笔付款已经入账，但话费没有到。",
    f"{PAID}#recent/text": "付款才过去几分钟，话费还可能到账。",
    f"{PAID}#do-wait/text": "大多数付款一天之内就会到账。",
    f"{PAID}#veto-pay_again/text": "今天的付款并没有丢失。",
    f"{REFUSED}/title": "金额太小",
    f"{REFUSED}#booked/text": "付款已经入账，说明金额被接受了。",
    "action:wait/title": "等到 {until}",
    "action:wait/text": "话费通常几分钟之内就会到账。请保持手机开机。",
    "action:wait/proof.0": "带日期的银行记录",
    "action:gather_proof/title": "收集凭证",
    "action:gather_proof/text": "保存银行记录和收据，要看得到日期和时间。",
    "action:complain_in_writing/title": "书面投诉",
    "action:complain_in_writing/text": "写信给卖家，要求答复。",
    "action:complain_in_writing/proof.0": "带日期的银行记录",
    "action:complain_in_writing/proof.1": "订单号",
    "action:complain_in_writing/say": "我在 {date} 付了 {amount}，但话费没有到账。",
    "veto:pay_again/title": "不要再付一次款",
    "veto:pay_again/text": "第二次付款也可能被入账。",
    "veto:share_codes/title": "不要把验证码告诉别人",
    "veto:share_codes/text": "正规的人不会向您要 PIN 码。",
    "template:attempt/title": "充值尝试",
    "template:bill/title": "账单",
    "template:brand/title": "品牌",
    "slot:attempt.at/title": "尝试的时间",
    "slot:attempt.at/question": "您是什么时候充值的？",
    "slot:attempt.amount/title": "金额",
    "slot:attempt.payment_state/title": "银行的显示",
    "slot:attempt.payment_state/question": "您的银行显示什么？",
    "slot:attempt.credit_state/title": "话费是否到账",
    "slot:attempt.credit_state/question": "话费到账了吗？",
    "slot:attempt.seller/title": "收款人",
    "slot:attempt.seller/question": "是谁收了钱？",
    "slot:brand.minimum_topup/title": "最低充值金额",
    "choice:attempt.payment_state.captured": "钱已经从账户扣走",
    "choice:attempt.credit_state.pending": "还没有",
    "finding:attempt.age/title": "距离尝试的时间",
    "ladder:topup/text": "我们还不知道原因。请先检查网络。",
    "clash#bank-and-seller/text": "银行说已经扣款，卖家说失败了。",
    "clash#bank-and-seller/ask": "带日期的银行入账记录",
}


def _slot(name: str, kind: Kind, *choices: str) -> Slot:
    return Slot(name, SlotType(kind, choices), name, tuple(Choice(c, c) for c in choices))


def _template(name: str, key: tuple[str, ...], *slots: Slot, rows: int = 0) -> Template:
    row = ReferenceRow({}, {"minimum_topup": Provenance("design", CHECKED)})
    return Template(
        name,
        Cardinality.REFERENCE if rows else Cardinality.MANY,
        name,
        {slot.name: slot for slot in slots},
        key,
        rows=(row,) * rows,
    )


def _rule(ident: str, weight: str = "") -> Rule:
    subject = (Subject("a", "attempt"),)
    return Rule(ident, Purpose.RATE, ident.partition("#")[0], subject, All(()), weight=weight)


def _action(ident: str, **arguments: Kind) -> Action:
    types = {name: SlotType(kind) for name, kind in arguments.items()}
    return Action(ident, ident, "", "user", "self_help", "now", 5, arguments=types)


def make_kb() -> KnowledgeBase:
    """A knowledge base with the terms and texts of the results below."""
    templates = [
        _template(
            "attempt",
            ("id", "at", "amount"),
            _slot("id", Kind.TEXT),
            _slot("at", Kind.DATETIME),
            _slot("amount", Kind.MONEY),
            _slot("payment_state", Kind.CHOICE, "captured", "refused"),
            _slot("credit_state", Kind.CHOICE, "pending", "credited"),
            _slot("seller", Kind.TEXT),
        ),
        _template("bill", ("id", "date"), _slot("id", Kind.TEXT), _slot("date", Kind.DATE)),
        _template("brand", ("id",), _slot("minimum_topup", Kind.MONEY), rows=1),
    ]
    diagnosis = Diagnosis(PAID, "F-03", "", "", None, (), (), sources=("MV-TOPUP",))
    rules = [
        _rule(f"{PAID}#captured", "strong"),
        _rule(f"{PAID}#recent", "against"),
        _rule(f"{REFUSED}#booked", "excludes"),
        replace(_rule(f"{PAID}#do-wait"), purpose=Purpose.DO, target="wait"),
    ]
    actions = [
        _action("wait", until=Kind.DATETIME),
        _action("gather_proof"),
        _action("complain_in_writing", deadline=Kind.DATE, amount=Kind.MONEY),
    ]
    age = Finding("attempt.age", "age", (), SlotType(Kind.DURATION), "", ())
    twins = Finding("pair.twins", "twins", (), SlotType(Kind.BOOLEAN), "", ())
    return KnowledgeBase(
        id="be-mobile",
        version="0.1.0",
        title="Mobile top-ups and bills in Belgium",
        hash=HASH,
        languages=("en", "zh"),
        weights={"strong": 40, "against": -5},
        thresholds=Thresholds(),
        templates={template.name: template for template in templates},
        findings={age.id: age, twins.id: twins},
        diagnoses={PAID: diagnosis},
        actions={action.id: action for action in actions},
        vetoes={"share_codes": Veto("share_codes", "", "", (), precaution=True)},
        ladders=(),
        rules={rule.id: rule for rule in rules},
        sources={"MV-TOPUP": Source("MV-TOPUP", "https://example.org/topup", "channels")},
        texts={"en": ENGLISH, "zh": CHINESE},
    )


def _read(slot: str, value: object, *, finding: bool = False) -> dict[str, Any]:
    return {"fact": A1, "slot": slot, "value": value, "finding": finding}


def _record(rule: str, *reads: dict[str, Any], weight: str = "") -> dict[str, Any]:
    condition = {
        "kind": "compare",
        "truth": "true",
        "text": "payment_state = captured",
        "reads": list(reads),
        "parts": [],
    }
    return {
        "rule": rule,
        "kind": "rate",
        "for": rule.partition("#")[0],
        "about": [A1],
        "truth": "true",
        "weight": weight,
        "text": "",
        "facts": {"a": A1},
        "conditions": [condition],
    }


RESULT: dict[str, Any] = {
    "case": "c1",
    "as_of": "2025-11-20T18:00:00+01:00",
    "lang": "en",
    "knowledge": {"id": "be-mobile", "version": "0.1.0", "hash": HASH},
    "diagnoses": [
        {
            "id": PAID,
            "ref": "F-03",
            "title": "",
            "state": "established",
            "score": 45,
            "possible": ["suggested", "established"],
            "because": [f"{PAID}#captured", f"{PAID}#recent"],
            "about": [A1],
        },
        {
            "id": REFUSED,
            "ref": "F-12",
            "title": "",
            "state": "excluded",
            "score": 0,
            "possible": ["excluded", "excluded"],
            "because": [f"{REFUSED}#booked"],
            "about": [A1],
        },
    ],
    "actions": [
        {
            "id": "wait",
            "title": "",
            "status": "recommended",
            "firm": True,
            "for": [PAID],
            "because": [f"{PAID}#do-wait"],
            "args": {"until": "2025-11-21T17:50:00+01:00"},
            "about": A1,
            "who": "user",
            "phase": "self_help",
            "urgency": "now",
            "effort": 5,
            "cost": "0.00 EUR",
            "not_before": None,
            "not_after": None,
            "after": [],
            "first_find_out": [],
            "ladder": "",
        },
        {
            "id": "gather_proof",
            "title": "",
            "status": "recommended",
            "firm": True,
            "for": [PAID],
            "because": [],
            "args": {},
            "about": None,
            "who": "user",
            "phase": "self_help",
            "urgency": "soon",
            "effort": 10,
            "cost": "0.00 EUR",
            "not_before": None,
            "not_after": None,
            "after": [],
            "first_find_out": [],
            "ladder": "",
        },
        {
            "id": "complain_in_writing",
            "title": "",
            "status": "possible",
            "firm": False,
            "for": [PAID],
            "because": [],
            "args": {"amount": "10.00 EUR", "deadline": "2025-12-05"},
            "about": A1,
            "who": "seller",
            "phase": "complaint",
            "urgency": "later",
            "effort": 20,
            "cost": "1.50 EUR",
            "not_before": "2025-11-21T17:50:00+01:00",
            "not_after": "2026-11-20",
            "after": ["gather_proof"],
            "first_find_out": [{"slot": "attempt.seller", "of": A1}],
            "ladder": "",
        },
    ],
    "vetoes": [
        {
            "id": "share_codes",
            "title": "",
            "status": "possible",
            "forbids": [],
            "because": [],
            "about": [],
        },
        {
            "id": "pay_again",
            "title": "",
            "status": "holds",
            "forbids": ["topup_now"],
            "because": [f"{PAID}#veto-pay_again"],
            "about": [A1],
        },
    ],
    "conflicts": [
        {"rule": "clash#bank-and-seller", "text": "", "facts": [A1], "ask": ""},
    ],
    "missing": [
        {"slot": "attempt.seller", "of": A1, "question": "", "matters_for": [PAID]},
        {"slot": "brand.minimum_topup", "of": None, "question": "", "matters_for": [PAID]},
        {"slot": "attempt.credit_state", "of": None, "question": "", "matters_for": [PAID]},
    ],
    "decide_most": ["attempt.credit_state"],
    "amounts": {
        "bills": [
            {"bill": BILL, "total": "37.50 EUR", "lines": "36.00 EUR", "disputed": "10.00 EUR"}
        ],
        "disputed": "10.00 EUR",
    },
    "warnings": [
        {
            "code": "after-as-of",
            "text": "`attempt.at` lies after `as_of`",
        }
    ],
    "justifications": [
        _record(
            f"{PAID}#captured",
            _read("attempt.payment_state", "captured"),
            _read("attempt.credit_state", "pending"),
            _read("attempt.seller", "Night <b>shop</b>"),
            weight="strong",
        ),
        _record(f"{PAID}#recent", _read("attempt.age", "600 seconds", finding=True)),
    ],
}


@pytest.fixture
def kb() -> KnowledgeBase:
    """The small knowledge base."""
    return make_kb()


@pytest.fixture
def result() -> dict[str, Any]:
    """The result of a case with something in every part; a copy to change at will."""
    return copy.deepcopy(RESULT)
