"""Any name or message is text on the page and never markup."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.console import deployment_page, fleet_page, fleet_row, gateway_page
from fairlead.console.elements import Markup, element, listing, together
from fairlead.console.fleet_page import FleetQuery
from tests.console.objects import FRAME, NO_ROOM, REMEDIES, condition, deployment, facts, gateway
from tests.console.reading import read

HOSTILE = st.text(alphabet=st.sampled_from("<>\"'&/=;:aA \u202e\x00"), min_size=1, max_size=40) | st.sampled_from(
    (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "javascript:alert(1)",
        "</title></main><iframe src=//evil.example>",
        "&lt;script&gt;",
        "../../../../etc",
        "..",
    )
)


def test_an_attribute_that_is_none_is_left_out_and_names_are_as_html_has_them() -> None:
    made = element("td", "1 < 2", None, element("b", "yes"), class_=None, data_head='"R"', for_="x")
    assert made == '<td data-head="&quot;R&quot;" for="x">1 &lt; 2<b>yes</b></td>'
    assert element("input", name="a") == '<input name="a">'
    assert together(("<", Markup("<i>"))) == "&lt;<i>"
    assert listing(("a & b",)) == "<ul><li>a &amp; b</li></ul>"


@given(HOSTILE)
def test_an_element_always_reads_back_as_its_input_text(text: str) -> None:
    page = read(element("p", text, title=text))
    assert page.tags == ["p"]
    assert page.words == [text]
    assert page.values("title") == [text]


@given(name=HOSTILE, message=HOSTILE)
def test_no_name_or_message_ever_adds_an_element_an_attribute_or_a_way_out(name: str, message: str) -> None:
    """Kubernetes refuses such names; a page does not rely on it."""
    hostile = _pages(name, message)
    for plain, page in zip(_pages("chat", "a message"), hostile, strict=True):
        expected, found = read(plain), read(page)
        assert found.tags == expected.tags
        assert [(tag, key) for tag, key, _ in found.attributes] == [(tag, key) for tag, key, _ in expected.attributes]
        assert all(one.startswith(("./", "../", "?")) for key in ("href", "src", "action") for one in found.values(key))
        assert not [one for one in found.values("href") if {"..", "."} & set(one.removeprefix("./").split("/"))]


def _pages(name: str, message: str) -> tuple[str, ...]:
    wrong = [condition("Scheduled", "False", "NoFreeGpu", message), condition("Ready", "False", "NoFreeGpu", message)]
    status = {
        "conditions": wrong,
        "endpoint": message,
        "revisions": [{"name": name, "startedAt": message}],
        "scaling": {"reason": name, "message": message, "decisions": [{"at": name, "message": message}]},
        "canary": {
            "phase": name,
            "message": message,
            "step": 1,
            "plan": {"steps": [{"replicas": 1, "traffic": 5, "gates": [message]}]},
            "gates": [{"step": 1, "name": name, "message": message}],
        },
    }
    one = facts(deployment(name, name, **status))
    tenants = [{"name": name, "budgetPeriod": message}]
    models = [{"name": name, "message": message, "targets": [{"name": name}]}]
    group = gateway(name, name, tenants=tenants, models=models, conditions=wrong)
    return (
        fleet_page.page(fleet_row.rows([one], REMEDIES), FleetQuery(), FRAME),
        deployment_page.page(one, REMEDIES, FRAME),
        gateway_page.table_page([group], REMEDIES, FRAME),
        gateway_page.page(group, REMEDIES, FRAME),
    )


def test_the_same_objects_without_anything_hostile_show_their_text() -> None:
    text = read(_pages("chat", "a message")[1]).text
    assert "NoFreeGpu" in text
    assert NO_ROOM[0]["reason"] in text
