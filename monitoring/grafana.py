"""A dashboard in Grafana's JSON model, schema version 41 (Grafana 12; versions from 10 on read it too)."""

from collections.abc import Iterator
from typing import Any, Final

from monitoring.panels import Dashboard, Panel, PanelKind, PanelRow, Variable

Json = dict[str, Any]

SCHEMA: Final = 41
SOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24
"""Columns of Grafana's grid."""
HEIGHTS: Final = {PanelKind.LINES: 8, PanelKind.NUMBER: 4, PanelKind.TABLE: 8}
REFS: Final = "ABCDEFGHIJ"


def model(board: Dashboard) -> Json:
    """The whole model, as Grafana imports it and its sidecar loads it."""
    return {
        "uid": f"fairlead-{board.name}",
        "title": f"Fairlead / {board.title}",
        "description": board.text,
        "tags": ["fairlead"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [_link()],
        "templating": {"list": [_datasource(), *map(_variable, board.variables)]},
        "panels": list(_panels(board)),
    }


def _link() -> Json:
    return {
        "type": "dashboards",
        "title": "Fairlead",
        "tags": ["fairlead"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
    }


def _variable(one: Variable) -> Json:
    return {
        "name": one.name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": one.values, "refId": one.name},
        "regex": "",
        "hide": 0,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
        "refresh": 2,
        "sort": 1,
    }


def _panels(board: Dashboard) -> Iterator[Json]:
    """Rows from top to bottom, the panels of a row from left to right."""
    number = top = 0
    for row in board.rows:
        number += 1
        yield _row(row, number, top)
        top += 1
        height = max(HEIGHTS[one.kind] for one in row.panels)
        across = min(len(row.panels), 6 if height == HEIGHTS[PanelKind.NUMBER] else 3)
        width = WIDTH // across
        for place, one in enumerate(row.panels):
            number += 1
            at = {"h": height, "w": width, "x": place % across * width, "y": top + place // across * height}
            yield _panel(one, number) | {"gridPos": at}
        top += -(-len(row.panels) // across) * height


def _row(row: PanelRow, number: int, top: int) -> Json:
    at = {"h": 1, "w": WIDTH, "x": 0, "y": top}
    return {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [], "gridPos": at}


def _panel(one: Panel, number: int) -> Json:
    return {
        "id": number,
        "type": one.kind.value,
        "title": one.title,
        "description": one.text,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": _defaults(one), "overrides": []},
        "options": _options(one),
        "targets": [_target(one, place) for place in range(len(one.queries))],
    }


def _target(one: Panel, place: int) -> Json:
    query, now = one.queries[place], one.kind is not PanelKind.LINES
    return {
        "refId": REFS[place],
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query.text,
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if one.kind is PanelKind.TABLE else "time_series",
    }


def _defaults(one: Panel) -> Json:
    if one.kind is not PanelKind.LINES:
        return {"unit": one.unit}
    stacking = {"mode": "normal" if one.stacked else "none", "group": "A"}
    return {
        "unit": one.unit,
        "min": 0,
        "custom": {
            "drawStyle": "line",
            "fillOpacity": 30 if one.stacked else 5,
            "lineWidth": 1,
            "showPoints": "never",
            "stacking": stacking,
        },
    }


def _options(one: Panel) -> Json:
    if one.kind is PanelKind.LINES:
        legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if one.kind is PanelKind.TABLE:
        return {"showHeader": True, "cellHeight": "sm"}
    calculated = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    return {"reduceOptions": calculated, "colorMode": "value", "graphMode": "area", "textMode": "auto"}
