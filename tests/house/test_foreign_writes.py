"""Stores to other objects' fields, tested on small texts; the check itself judges the real tree."""

from pathlib import Path

import pytest

from house import foreign_writes, tree

PLACE = foreign_writes.ROOM / "attempts.py"


def found(*lines: str) -> list[str]:
    """What is wrong with a function of these lines."""
    text = "\n".join(["def end(owner: Owner, now: float) -> None:", *(f"    {line}" for line in lines)])
    return list(foreign_writes.violations(PLACE, text))


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("owner.hedge_at = inf", "owner.hedge_at"),
        ("owner.request.record.cut = True", "owner.request.record.cut"),
        ("owner.count += 1", "owner.count"),
        ("owner.hedge_at: float = inf", "owner.hedge_at"),
        ("before, owner.target = owner.target, None", "owner.target"),
        ("del owner.path", "owner.path"),
        ("for owner.place in range(3): pass", "owner.place"),
        ("with opened() as owner.file: pass", "owner.file"),
        ('setattr(owner, "target", None)', "owner.*"),
    ],
)
def test_a_field_of_another_object_is_named_however_it_is_set(line: str, written: str) -> None:
    (answer,) = found("pass", line)
    assert answer.startswith(f"{PLACE}:3: {written} is another object's: give its class a method")


def test_an_object_may_be_completed_where_it_is_made() -> None:
    assert found("record = Record(now)", "record.copied = True") == []
    assert found("mine, made = owner.record, cache.Record(now)", "made.copied = mine.copied") == []
    assert found("made: Record = _Record(now)", "made.copied = True") == []
    assert len(found("mine, made = owner.record, Record(now)", "mine.copied = True")) == 1


def test_what_a_function_returns_may_be_anybody_s() -> None:
    assert len(found("record = owner.record(now)", "record.cut = True")) == 1


def test_a_name_that_also_stands_for_another_object_is_no_new_one() -> None:
    assert len(found("record = Record(now)", "record = owner.record", "record.cut = True")) == 1
    assert len(found("record = Record(now)", "def cut(record: Record) -> None:", "    record.cut = True")) == 1


def test_an_inner_function_sees_what_is_made_around_it_and_none_what_is_made_in_another() -> None:
    assert found("record = Record(now)", "def cut() -> None:", "    record.cut = True") == []
    others = "def one() -> None:\n    made = Record()\n\n\ndef two(made: Record) -> None:\n    made.cut = True\n"
    (answer,) = foreign_writes.violations(PLACE, others)
    assert answer.startswith(f"{PLACE}:6: made.cut ")


def test_an_object_writes_its_own_fields_but_not_those_of_its_parts() -> None:
    assert found("self.target = None", "cls.number += 1") == []
    assert len(found("self.request.target = None")) == 1


def test_a_protocol_offers_no_field_to_be_set() -> None:
    writable = "class Owner(AttemptOwner, Protocol):\n    target: Target\n\n    def end(self) -> None: ...\n"
    (answer,) = foreign_writes.violations(PLACE, writable)
    assert answer.startswith(f"{PLACE}:2: Owner.target: a Protocol's field could be set")
    readable = "class Owner(Protocol):\n    @property\n    def target(self) -> Target: ...\n\n\nclass A:\n    b: int\n"
    assert list(foreign_writes.violations(PLACE, readable)) == []


def test_it_holds_where_a_request_passes_and_every_exemption_is_still_a_file() -> None:
    checked = {path.name for path in tree.python_files(tree.ROOT) if foreign_writes.is_checked(path)}
    passed = {"exchange", "attempt", "reply", "request", "hedges", "target_moves", "cache_bridge", "second_answers"}
    passed |= {"failed_attempts", "shadow_copies", "client_connection", "upstream_connection", "request_record"}
    assert {f"{name}.py" for name in passed} - checked == set()
    assert [name for name in foreign_writes.EXEMPT if not (tree.ROOT / foreign_writes.ROOM / name).exists()] == []
    assert foreign_writes.RECORD_FILES - checked == set()


def test_no_exemption_outlives_its_reason() -> None:
    texts = {
        name: (tree.ROOT / foreign_writes.ROOM / name).read_text(encoding="utf-8") for name in foreign_writes.EXEMPT
    }
    assert [name for name, text in texts.items() if not list(foreign_writes.violations(Path(name), text))] == []
