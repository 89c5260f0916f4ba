"""Import cycles, tested on small texts; the check itself judges the real tree."""

from pathlib import Path

import pytest

from house import circles

ROOM = circles.SOURCE / "fairlead" / "router"
ONLY_A_TYPE = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from fairlead.router.replies import Reply\n"


def judged(**texts: str) -> list[str]:
    return list(circles.violations(circles.imports({ROOM / f"{name}.py": text for name, text in texts.items()})))


@pytest.mark.parametrize("text", [ONLY_A_TYPE, "def late() -> None:\n    import fairlead.router.replies\n"])
def test_two_files_that_import_each_other_are_named_wherever_the_import_is(text: str) -> None:
    (answer,) = judged(attempts=text, replies="\nfrom fairlead.router import attempts\n", tls="import ssl\n")
    line = 4 if text is ONLY_A_TYPE else 2
    assert answer.startswith(
        f"{ROOM}/attempts.py:{line}: 2 files import each other in a circle: "
        "fairlead.router.attempts -> fairlead.router.replies -> fairlead.router.attempts: pass a value"
    )


def test_imports_that_run_one_way_are_well() -> None:
    one_way = "from fairlead.router import replies\nfrom fairlead.router.replies import Reply\nimport asyncio\n"
    assert judged(attempts=one_way, replies="", __init__="") == []


def test_a_package_is_a_file_too() -> None:
    (answer,) = judged(attempts="from fairlead.router import NAME\n", __init__="from fairlead.router import attempts\n")
    assert answer.startswith(f"{ROOM}/__init__.py:1: 2 files import each other in a circle: fairlead.router -> ")


def test_each_of_several_circles_is_named() -> None:
    texts = {name: f"import fairlead.router.{other}\n" for name, other in ("ab", "bc", "ca", "de", "ed")}
    assert len(judged(**texts)) == 2


def test_files_beside_the_product_are_read_too() -> None:
    texts = {Path("house/lane.py"): "from house import pure\n", Path("house/pure.py"): "from house.lane import Lane\n"}
    (answer,) = circles.violations(circles.imports(texts))
    assert answer.startswith("house/lane.py:1: 2 files import each other in a circle: house.lane -> house.pure")
