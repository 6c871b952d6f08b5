"""A report as a file for the browser: whole in itself, opened from any disk, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final

from raseed.banking.api import Leaflet, LeafletSection, LeafletTable
from raseed.platform import api as platform

STYLE: Final = """
:root{color-scheme:light dark;--ink:#15211d;--soft:#535f59;--paper:#faf9f5;--line:#dedbd1;--brand:#0b5a4a;--bad:#a3262a}
@media(prefers-color-scheme:dark){:root{--ink:#e9ece9;--soft:#a9b3ae;--paper:#121816;--line:#33403b;--brand:#6fcdb4;--bad:#ff9b94}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-inline-size:60rem;margin:0 auto;padding:2rem 1rem 4rem}h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;
color:var(--brand);border-block-end:1px solid var(--line);padding-block:1.5rem .3rem;margin:0 0 .5rem}
.house{color:var(--brand);font-weight:700}.verdict{font-size:1.3rem;font-weight:700;color:var(--brand);padding:1rem;
border:1px solid var(--line);border-inline-start:.4rem solid currentColor;border-radius:.5rem;margin-block:1rem}
.bad{color:var(--bad)}dl{margin:0}dl>div{display:grid;grid-template-columns:minmax(8rem,12rem) minmax(0,1fr);gap:1rem;
padding-block:.3rem;border-block-end:1px solid var(--line)}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{inline-size:100%;border-collapse:collapse;font-size:.95rem}th{color:var(--soft);font-weight:600}
th,td{text-align:start;padding:.35rem .5rem .35rem 0;border-block-end:1px solid var(--line);vertical-align:baseline}
code{font-size:.85em;overflow-wrap:anywhere}@media print{main{padding:0}}
"""


def page_of(leaflet: Leaflet) -> str:
    """Return the report as HTML."""
    verdict = "verdict" if leaflet.is_good else "verdict bad"
    sections = "\n".join(_section(each) for each in leaflet.sections)
    return (
        f'<!doctype html>\n<html lang="{leaflet.language}" dir="{platform.direction(leaflet.language)}"><head>'
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(leaflet.title)}</title><style>{STYLE}</style></head><body><main>\n"
        f'<p class="house"><bdi>{escape(leaflet.house)}</bdi></p><h1>{escape(leaflet.title)}</h1>\n'
        f'<p class="{verdict}">{escape(leaflet.verdict)}</p>\n{sections}\n</main></body></html>\n'
    )


def _section(section: LeafletSection) -> str:
    parts = [f"<section><h2>{escape(section.title)}</h2>"]
    parts += [f"<p>{escape(words)}</p>" for words in section.words]
    if section.facts:
        rows = "".join(
            f"<div><dt>{escape(fact.label)}</dt><dd>{_value(fact.value, is_code=fact.is_code)}</dd></div>"
            for fact in section.facts
        )
        parts.append(f"<dl>{rows}</dl>")
    if section.table is not None:
        parts.append(_table(section.table))
    return "".join(parts) + "</section>"


def _table(table: LeafletTable) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_value(cell, is_code=at in table.codes)}</td>" for at, cell in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _value(text: str, *, is_code: bool) -> str:
    return f'<code dir="ltr">{escape(text)}</code>' if is_code else f"<bdi>{escape(text)}</bdi>"
