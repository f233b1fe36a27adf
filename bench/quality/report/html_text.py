"""The Markdown that reports are written in as HTML, and the style of their pages."""

import html as escape
import re

STYLE = """
:root { color-scheme: light dark; --ink: #222; --soft: #8884; --ground: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --ground: #181818; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 1rem auto; max-width: 1400px;
  padding: 0 1rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 10px; } svg .title { font-size: 12px; font-weight: 600; }
svg .grid { stroke: var(--soft); } svg .half { stroke: var(--ink); stroke-dasharray: 3 3; } svg polyline { fill: none; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: .6rem; }
.wide { display: grid; grid-template-columns: repeat(auto-fill, minmax(380px, 1fr)); gap: 1rem; }
.key { margin-right: 1rem; white-space: nowrap; } .key i { display: inline-block; width: 1rem; height: .3rem; margin-right: .3rem; vertical-align: middle; }
.table { overflow-x: auto; } table { border-collapse: collapse; } td, th { padding: .15rem .6rem; border-bottom: 1px solid var(--soft);
  text-align: right; white-space: nowrap; } td:first-child, th:first-child { text-align: left; }
"""


def _inline(text):
    text = escape.escape(text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"`(.+?)`", r"<code>\1</code>", text)
    return re.sub(r"\[(.+?)\]\((.+?)\)", r'<a href="\2">\1</a>', text)


def blocks_of(markdown):
    """The Markdown that summary writes (headings, paragraphs, tables) as HTML."""
    out = []
    for block in markdown.strip().split("\n\n"):
        lines = block.strip().splitlines()
        heading = re.match(r"(#+) (.*)", lines[0])
        if heading:
            level = len(heading.group(1))
            out.append(f"<h{level}>{_inline(heading.group(2))}</h{level}>")
            lines = lines[1:]
        if lines and lines[0].startswith("|"):
            rows = [[_inline(c.strip()) for c in line.strip("|").split("|")] for line in lines]
            head = "".join(f"<th>{c}</th>" for c in rows[0])
            body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows[2:])
            out.append(f'<div class="table"><table><tr>{head}</tr>{body}</table></div>')
        elif lines:
            out.append(f"<p>{_inline(' '.join(lines))}</p>")
    return out
