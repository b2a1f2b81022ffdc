"""The source of the dashboards.

`parts` has what they are made of: panels, variables, annotations and the layout. `queries` has the selectors and
expressions that several of them use. Each of the others is one dashboard: `dashboard()` gives it as Grafana reads it.
"""
