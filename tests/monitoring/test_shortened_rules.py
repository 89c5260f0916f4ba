"""Rules for tests: every wait is divided, and nothing else changes."""

import re
from typing import Final

import yaml

from monitoring import files
from tests.monitoring.shortened_rules import shortened

FACTOR: Final = 60
WAITS: Final = re.compile(r"\[(\w+)\]|offset (\w+)")
AGES: Final = re.compile(r"time\(\) - [^<>]+ [<>] (\d+)")


def test_hours_become_minutes_and_minutes_seconds() -> None:
    rules = """
groups:
- name: some
  interval: 1m
  rules:
  - record: fairlead:ratio5m
    expr: sum_over_time(a:rate5m[3d]) / (rate(b{by="5m"}[5m]) > 0)
  - {alert: Late, expr: a > a offset 20m, for: 1h}
  - {alert: Old, expr: 'a > 7 and time() - min by (b) (c{d="e"}) > 1800'}
"""
    (group,) = yaml.safe_load(shortened(rules, FACTOR))["groups"]
    assert group["interval"] == "1000ms"
    assert [one["expr"] for one in group["rules"]] == [
        'sum_over_time(a:rate5m[4320000ms]) / (rate(b{by="5m"}[5000ms]) > 0)',
        "a > a offset 20000ms",
        'a > 7 and time() - min by (b) (c{d="e"}) > 30',
    ]
    assert group["rules"][1]["for"] == "60000ms"


def test_of_the_rules_that_ship_the_waits_alone_are_changed() -> None:
    whole, short = (yaml.safe_load(text) for text in (files.rules(), shortened(files.rules(), FACTOR)))
    for group, other in zip(whole["groups"], short["groups"], strict=True):
        for rule, changed in zip(group["rules"], other["rules"], strict=True):
            assert _bare(rule["expr"]) == _bare(changed["expr"])
            for age, less in zip(AGES.findall(rule["expr"]), AGES.findall(changed["expr"]), strict=True):
                assert int(age) == FACTOR * int(less)
            assert (rule.get("alert"), rule.get("record")) == (changed.get("alert"), changed.get("record"))
            assert len(WAITS.findall(rule["expr"])) == changed["expr"].count("ms]") + changed["expr"].count("ms)")


def _bare(query: str) -> str:
    return AGES.sub("", WAITS.sub("", query))
