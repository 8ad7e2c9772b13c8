"""An inventory as one HTML page without outside resources: sortable, with the code of every finding."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from autotune.scan import Inventory
from autotune.scan_report import place, reasons, regions, short, sizes, summary, verdict
from transform.scan import Blocked, Broken, Differentiable, Entry, Nothing

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem;
       max-width: 75rem; color: #222 }
table { border-collapse: collapse; width: 100% } th { cursor: pointer; text-align: left }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ddd; vertical-align: top }
td.n { text-align: right } code, pre { font: 13px/1.4 ui-monospace, monospace }
pre { background: #f6f6f4; padding: .5rem; overflow-x: auto; margin: .3rem 0 }
.good { color: #1a6b2f } .blocked { color: #a03010 } .nothing { color: #777 } .bug { color: #b000b0 }
.bar { display: flex; height: 1rem; border-radius: 3px; overflow: hidden; margin: .5rem 0 1.5rem }
.bar .good { background: #3a9a55 } .bar .blocked { background: #d9603a } .bar .nothing { background: #ccc }
.bar .bug { background: #c050c0 }
"""

_SORT = """
document.querySelectorAll('th').forEach((th, k) => th.onclick = () => {
  const body = th.closest('table').tBodies[0], up = th.dataset.up = th.dataset.up === '1' ? '' : '1';
  const value = r => { const t = r.cells[k].dataset.sort ?? r.cells[k].innerText; return isNaN(t) ? t : +t };
  [...body.rows].sort((a, b) => (value(a) > value(b) ? 1 : value(a) < value(b) ? -1 : 0) * (up ? 1 : -1))
    .forEach(r => body.append(r));
});
"""


def page(found: Inventory) -> str:
    """The complete HTML text."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>kad-tune scan</title>",
        f"<style>{_STYLE}</style><h1>kad-tune scan</h1><p>{escape(summary(found))}</p>",
        _bar(found),
        "<table><thead><tr><th>function<th>place<th>parallel regions<th>lines<th>operations<th>active"
        "<th>verdict</tr></thead><tbody>",
        *(_row(e) for e in found.entries),
        "</tbody></table>",
        *_reasons(found),
        *_failures(found),
        f"<script>{_SORT}</script></html>",
    ]
    return "\n".join(parts) + "\n"


def _kind(e: Entry) -> str:
    kinds = {Differentiable: "good", Blocked: "blocked", Nothing: "nothing", Broken: "bug"}
    return kinds[type(e.verdict)]


def _bar(found: Inventory) -> str:
    kinds = [_kind(e) for e in found.entries]
    shares = ((k, kinds.count(k)) for k in ("good", "blocked", "bug", "nothing"))
    return (
        f"<div class='bar'>{''.join(f'<div class={k} style=flex:{n}></div>' for k, n in shares if n)}</div>"
    )


def _row(e: Entry) -> str:
    operations, active = sizes(e)
    share = active.removesuffix(" %").replace("-", "-1")
    return (
        f"<tr><td><code>{escape(e.function)}</code><td><code>{escape(place(e))}</code>"
        f"<td>{escape(regions(e))}<td class=n>{e.lines}"
        f"<td class=n data-sort='{operations.replace('-', '-1')}'>{operations}"
        f"<td class=n data-sort='{share}'>{active}<td class={_kind(e)}>{_details(e)}</tr>"
    )


def _details(e: Entry) -> str:
    text = escape(verdict(e))
    if not isinstance(e.verdict, Blocked):
        return text
    shown = "".join(f"<pre>{escape(d.render())}</pre>" for d in e.verdict.findings)
    return f"<details><summary>{text}</summary>{shown}</details>"


def _reasons(found: Inventory) -> Iterator[str]:
    ranked = reasons(found)
    if ranked:
        yield "<h2>What blocks most</h2><ul>"
        yield from (f"<li>{n} × {escape(reason)}" for reason, n in ranked)
        yield "</ul>"


def _failures(found: Inventory) -> Iterator[str]:
    if found.failed:
        yield "<h2>Files that do not compile</h2>"
    for unit in found.failed:
        errors = "\n".join(d.render() for d in unit.errors)
        yield f"<details><summary><code>{escape(short(str(unit.path)))}</code></summary>"
        yield f"<pre>{escape(errors)}</pre></details>"
