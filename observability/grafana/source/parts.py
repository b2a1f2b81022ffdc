"""What dashboards are made of: panels, variables, annotations, and a layout that puts panels beside each other.

Everything is a plain dictionary in the form that Grafana stores, see its dashboard schema (`@grafana/schema`).
"""

from .queries import RUN, SCENARIO

PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
GRAFANA = {"type": "grafana", "uid": "-- Grafana --"}
# Grafana's dashboards are this wide.
WIDTH = 24

GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "text"


# Queries


def query(expr, legend="__auto"):
    """A query over time."""
    return {"expr": expr, "legendFormat": legend, "range": True, "instant": False}


def exemplified(target):
    """The same, with the requests of traces that stand for what it shows: a click on one leads to its trace."""
    return target | {"exemplar": True}


def now(expr, legend="__auto"):
    """A query for one value, at the end of what is shown."""
    return {"expr": expr, "legendFormat": legend, "range": False, "instant": True}


def cells(expr):
    """A query for the rows of a table."""
    return now(expr) | {"format": "table"}


def buckets(expr):
    """A query for the rows of a heat map."""
    return query(expr, "{{le}}") | {"format": "heatmap"}


# Fields


def thresholds(*steps):
    """Colours from a value on; the first has none."""
    first, *rest = steps
    return {
        "mode": "absolute",
        "steps": [{"color": first, "value": None}] + [{"color": color, "value": value} for value, color in rest],
    }


def states(**texts):
    """What numbers are called: `pass_=(0, "green")`."""
    options = {
        str(number): {"text": text.rstrip("_").replace("_", " "), "color": color, "index": at}
        for at, (text, (number, color)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


SLO_STATES = states(pass_=(0, GREEN), warning=(1, YELLOW), fail=(2, ORANGE), critical=(3, RED), no_data=(4, GREY))


def override(matcher, options, **properties):
    """Another look for some fields: `override("byName", "p95", unit="s")`."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": matcher, "options": options}, "properties": listed}


# Panels


def _panel(kind, title, targets, about, width, height, unit, options, custom, overrides=(), **defaults):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    field = {"color": {"mode": "palette-classic"}, "custom": custom, **defaults}
    if unit:
        field["unit"] = unit
    panel = {
        "type": kind,
        "title": title,
        "datasource": PROMETHEUS,
        "fieldConfig": {"defaults": field, "overrides": list(overrides)},
        "options": options,
        "targets": [target | {"refId": letter, "datasource": PROMETHEUS} for letter, target in zip(letters, targets)],
        "gridPos": {"w": width, "h": height, "x": 0, "y": 0},
    }
    if about:
        panel["description"] = about
    return panel


def graph(title, *targets, about="", width=12, height=8, unit="", stack=False, bars=False, fill=10, overrides=(), **defaults):
    """Lines over time."""
    custom = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 60 if bars or stack else fill,
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if "thresholds" in defaults else "off"},
    }
    options = {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, targets, about, width, height, unit, options, custom, overrides, **{"min": 0} | defaults)


def number(title, *targets, about="", width=4, height=4, unit="", calc="lastNotNull", colored=True, **defaults):
    """One figure, with its course behind it."""
    options = {
        "reduceOptions": {"calcs": [calc], "fields": "", "values": False},
        "orientation": "auto",
        "colorMode": "value" if colored else "none",
        "graphMode": "area",
        "justifyMode": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
    defaults = {"color": {"mode": "thresholds"}, "thresholds": thresholds(BLUE)} | defaults
    return _panel("stat", title, targets, about, width, height, unit, options, {}, **defaults)


def timeline(title, *targets, about="", width=24, height=6, mappings):
    """States over time, a row for each series."""
    options = {
        "alignValue": "left",
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 75, "lineWidth": 0}
    color = {"mode": "thresholds"}
    return _panel("state-timeline", title, targets, about, width, height, "", options, custom, color=color, mappings=mappings)


def bars(title, *targets, about="", width=12, height=8, unit="", **defaults):
    """A bar for each series, as it stands at the end."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "valueMode": "color",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
    }
    return _panel("bargauge", title, targets, about, width, height, unit, options, {}, **{"color": {"mode": "thresholds"}} | defaults)


def heatmap(title, target, about="", width=12, height=9, unit="s"):
    """How values are spread, over time."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Turbo", "fill": "dark-orange", "exponent": 0.5, "scale": "exponential", "steps": 64, "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    return _panel("heatmap", title, [target], about, width, height, "", options, {"scaleDistribution": {"type": "linear"}})


def table(title, columns, about="", width=24, height=8, labels=None, overrides=(), sort=None):
    """Rows by their labels. `columns`: name → (query, unit); `labels`: label → the name of its column."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = {f"Value #{letter}": name for letter, name in zip(letters, columns)}
    units = [override("byName", name, unit=unit) for name, (_, unit) in columns.items() if unit]
    options = {"showHeader": True, "frameIndex": 0, "cellHeight": "sm"}
    if sort:
        options["sortBy"] = [{"displayName": sort, "desc": True}]
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False}
    targets = [cells(expr) for expr, _ in columns.values()]
    panel = _panel("table", title, targets, about, width, height, "", options, custom, units + list(overrides))
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names | (labels or {})}},
    ]
    return panel


def repeated(panel, variable):
    """The panel once for each value of a variable, beside each other."""
    return panel | {"repeat": variable, "repeatDirection": "h", "maxPerRow": 3}


# Variables


def choice(name, label, values, *, about="", sort=1, multi=True, regex="", hide=0, chosen="", every=".*"):
    """A variable whose values are asked of Prometheus. `every` stands for all of them: all that are known, where it is empty."""
    variable = {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": PROMETHEUS,
        "query": {"query": values, "refId": f"variable-{name}"},
        "regex": regex,
        "refresh": 2,
        "sort": sort,
        "hide": hide,
        "multi": multi,
        "includeAll": multi,
    }
    if multi:
        variable["current"] = {"text": ["All"], "value": ["$__all"], "selected": True}
        if every:
            variable["allValue"] = every
    if chosen:
        variable["current"] = {"text": chosen, "value": chosen, "selected": True}
    if about:
        variable["description"] = about
    return variable


def fixed(name, label, values, about=""):
    """A variable with given values: text → value."""
    options = [
        {"text": text, "value": value, "selected": at == 0} for at, (text, value) in enumerate(values.items())
    ]
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "description": about,
        "query": ", ".join(f"{text} : {value}" for text, value in values.items()),
        "options": options,
        "current": options[0],
        "multi": False,
        "includeAll": False,
        "hide": 0,
    }


DATASOURCE = {
    "type": "datasource",
    "name": "datasource",
    "label": "Prometheus",
    "query": "prometheus",
    "regex": "",
    "refresh": 1,
    "hide": 0,
    "multi": False,
    "includeAll": False,
}
# Ids begin with the time, so that the newest stands first.
TEST_ID = choice("testid", "Test id", "label_values(rhaid_run_info, testid)", sort=2)
SCENARIOS = choice("scenario", "Scenario", f"label_values(rhaid_iterations_total{{{RUN}}}, scenario)")
ENDPOINTS = choice("endpoint", "Endpoint", f"label_values(rhaid_http_reqs_total{{{SCENARIO}}}, name)")
COMMON = [DATASOURCE, TEST_ID, SCENARIOS, ENDPOINTS]


# Annotations


def _annotation(name, color, expr, title, text="", tags="", **more):
    return {
        "name": name,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "datasource": PROMETHEUS,
        "target": {"refId": "Anno", "expr": expr, "interval": ""},
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": tags,
        **more,
    }


ANNOTATIONS = [
    {
        "name": "Annotations & Alerts",
        "builtIn": 1,
        "type": "dashboard",
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "datasource": GRAFANA,
    },
    # What rhaid itself posts, with the flag --annotate.
    {
        "name": "Told by rhaid",
        "enable": True,
        "hide": False,
        "iconColor": "purple",
        "datasource": GRAFANA,
        "target": {"refId": "Anno", "type": "tags", "tags": ["rhaid"], "matchAny": False, "limit": 200},
    },
    _annotation(
        "Start",
        BLUE,
        f"rhaid_run_start_timestamp_seconds{{{RUN}}} * 1000",
        "{{testid}} begins",
        tags="testid",
        useValueForTime=True,
    ),
    # A series that is there now and is not a moment later. Of one that goes on, what comes later is not known yet and
    # the last value counts.
    _annotation(
        "Stop",
        BLUE,
        f"rhaid_run_info{{{RUN}}} unless rhaid_run_info offset -$__interval",
        "{{testid}} is over",
        "{{script}}",
        "testid",
    ),
    # As long as it is on: a region.
    _annotation("Faults", RED, f"rhaid_fault_active{{{RUN}}} > 0", "{{fault}}", "{{testid}}", "fault,testid"),
    _annotation(
        "Reloads",
        YELLOW,
        f"changes(rhaid_script_reloads_total{{{RUN}}}[$__rate_interval]) > 0",
        "a newer script takes over",
        "{{testid}}",
        "testid",
    ),
    _annotation("Aborts", ORANGE, f"rhaid_run_aborted{{{RUN}}} > 0", "the run is aborted", "{{testid}}", "testid"),
]


# The whole


def dashboard(uid, title, about, rows, variables=()):
    """A dashboard of rows: heading → panels, which are put beside each other from left to right."""
    panels, y = [], 0
    for heading, content in rows.items():
        panels.append(
            {
                "type": "row",
                "title": heading,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
            }
        )
        y += 1
        x = tallest = 0
        for panel in content:
            place = panel["gridPos"]
            if x + place["w"] > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            panels.append(panel | {"gridPos": place | {"x": x, "y": y}})
            x += place["w"]
            tallest = max(tallest, place["h"])
        y += tallest
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["rhaid"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timepicker": {"refresh_intervals": ["1s", "5s", "10s", "30s", "1m", "5m"]},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "title": "rhaid",
                "tags": ["rhaid"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "",
                "url": "",
            }
        ],
        "annotations": {"list": ANNOTATIONS},
        "templating": {"list": COMMON + list(variables)},
        "panels": [panel | {"id": number} for number, panel in enumerate(panels, start=1)],
    }
