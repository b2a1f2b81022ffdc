#!/usr/bin/env python3
"""Writes the dashboards of Grafana from `source/`, one file of Python for each.

    observability/grafana/generate.py           writes dashboards/*.json
    observability/grafana/generate.py --check   says which of them is not what the source gives, and exits with 1
"""

import json
import sys
from pathlib import Path

from source import business, chaos, overview, performance, slo

DASHBOARDS = [overview, performance, business, slo, chaos]
FOLDER = Path(__file__).parent / "dashboards"


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 64
    stale = []
    for module in DASHBOARDS:
        text = json.dumps(module.dashboard(), indent=2, ensure_ascii=False) + "\n"
        path = FOLDER / f"{module.__name__.rpartition('.')[2]}.json"
        if arguments and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(path.name)
        elif not arguments:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not what the source gives: {', '.join(stale)}; run observability/grafana/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
