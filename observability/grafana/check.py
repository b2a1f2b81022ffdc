#!/usr/bin/env python3
"""Asks a Prometheus everything that the dashboards ask it, and says what has no answer.

    observability/grafana/check.py --prometheus http://127.0.0.1:9090 --since 300

Variables get the values that they have there: all of them where several can be chosen, and a panel that is repeated is
tried with each. A query must give at least one number within the time that is looked at. How many exemplars there are is
told at the end: only a run that is traced has any, in a Prometheus that keeps them.
"""

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DASHBOARDS = Path(__file__).parent / "dashboards"


class Prometheus:
    def __init__(self, url, start, end, rate_interval):
        self.url, self.start, self.end = url.rstrip("/"), start, end
        seconds = max(1, math.ceil(end - start))
        self.builtin = {
            "__rate_interval": rate_interval,
            "__interval": "1s",
            "__range": f"{seconds}s",
        }

    def get(self, path, **parameters):
        text = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{text}", timeout=30) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from None
        return body["data"]

    def numbers(self, target, expr):
        """How many numbers a query gives."""
        if target.get("instant"):
            rows = self.get("query", query=expr, time=self.end)["result"]
            values = [row["value"] for row in rows]
        else:
            rows = self.get("query_range", query=expr, start=self.start, end=self.end, step=1)["result"]
            values = [value for row in rows for value in row["values"]]
        return sum(not math.isnan(float(value)) for _, value in values)

    def exemplars(self, expr):
        """How many requests of traces stand for what a query shows."""
        found = self.get("query_exemplars", query=expr, start=self.start, end=self.end)
        return sum(len(row["exemplars"]) for row in found)

    def label_values(self, query):
        """What `label_values(selector, label)` gives in Grafana."""
        selector, label = re.fullmatch(r"label_values\((.+), *(\w+)\)", query, re.DOTALL).groups()
        found = self.get(f"label/{label}/values", **{"match[]": selector, "start": self.start, "end": self.end})
        return sorted(found)


def interpolate(text, values):
    """Puts values in the place of variables. Of several, any will do, as Grafana writes it for Prometheus."""

    def value(found):
        name = found.group(1) or found.group(2)
        chosen = values[name]
        if isinstance(chosen, str):
            return chosen
        escaped = [re.sub(r"[\\^$*+?.()|{}\[\]]", r"\\\\\g<0>", one).replace('"', '\\"') for one in chosen]
        return f"({'|'.join(escaped)})"

    return re.sub(r"\$(\w+)|\$\{(\w+)\}", value, text)


def resolve(dashboard, prometheus, say):
    """The values of a dashboard's variables."""
    values = dict(prometheus.builtin)
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "datasource":
            continue
        if variable["type"] == "custom":
            values[name] = variable["current"]["value"]
            continue
        found = prometheus.label_values(interpolate(variable["query"]["query"], values))
        if variable["regex"]:
            matches = (re.search(variable["regex"].strip("/"), one) for one in found)
            found = [match.group(1) for match in matches if match]
        if not found:
            say(f"the variable {name} has no values")
        chosen = variable.get("current", {}).get("value")
        one = chosen if chosen in found else found[0] if found else ""
        values[name] = found if variable["multi"] else one
    return values


def queries(dashboard, values):
    """Where a query stands, the query, and its text with nothing left to fill in."""
    for panel in dashboard["panels"]:
        repeats = [{}]
        if "repeat" in panel:
            repeats = [{panel["repeat"]: value} for value in values[panel["repeat"]]]
        for repeat in repeats:
            for target in panel.get("targets", []):
                place = f"{interpolate(panel['title'], values | repeat)} {target['refId']}"
                yield place, target, interpolate(target["expr"], values | repeat)
    for annotation in dashboard["annotations"]["list"]:
        if annotation["datasource"].get("type") == "prometheus":
            place = f"annotation {annotation['name']}"
            yield place, annotation["target"], interpolate(annotation["target"]["expr"], values)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL")
    arguments.add_argument("--since", type=float, default=900, metavar="SECONDS", help="how far back to look (900)")
    arguments.add_argument("--rate-interval", default="20s", metavar="D", help="what $__rate_interval stands for (20s)")
    arguments.add_argument("--values", action="store_true", help="prints the values of the variables, as JSON")
    options = arguments.parse_args()

    end = time.time()
    prometheus = Prometheus(options.prometheus, end - options.since, end, options.rate_interval)
    problems, asked, exemplars, resolved = [], 0, 0, {}
    for path in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        say = lambda text: problems.append(f"{path.name}: {text}")  # noqa: E731
        values = resolve(dashboard, prometheus, say)
        resolved[path.stem] = {name: value for name, value in values.items() if not name.startswith("__")}
        for place, target, expr in queries(dashboard, values):
            asked += 1
            try:
                if prometheus.numbers(target, expr) == 0:
                    say(f"{place}: no samples: {expr}")
                if target.get("exemplar"):
                    exemplars += prometheus.exemplars(expr)
            except ValueError as error:
                say(f"{place}: {error}: {expr}")
    if options.values:
        print(json.dumps(resolved, indent=2))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{asked} queries, {len(problems)} without an answer; {exemplars} exemplars", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
