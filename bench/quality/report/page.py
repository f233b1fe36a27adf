"""REPORT.html: the plots and then REPORT.md's tables, in one file that needs nothing else."""

import html as escape
import re
import statistics

import charts
import curves
import summary

WIDE_GRID = (1, 0.5, 0.2, 0.1, 0.05)
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


def _blocks(markdown):
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


def _overall(methods, studies, trials):
    result = []
    for m in methods:
        of = [[statistics.fmean(m.curves[p][s][t] for s in seeds) for t in range(trials)] for p, seeds in studies.items()]
        result.append((m.name, [statistics.fmean(c[t] for c in of) for t in range(trials)]))
    return result


def html(own, peers, problems, today):
    many, few = summary.split_peers(peers, problems)
    studies = curves.common_studies(own + many, problems, summary.TRIALS)
    blocks = _blocks(summary.markdown(own, peers, problems, today))
    seeds = min(map(len, studies.values()))
    plots = ["<h2>Mean regret over trials</h2>", charts.legend([m.name for m in own + peers]), '<div class="wide">',
             charts.curves_chart(_overall(own + many, studies, summary.TRIALS), 460, 300,
                                 f"{len(studies)} problems, {seeds} seeds", WIDE_GRID)]
    for peer in few:
        methods, of, trials = summary.studies_of(peer, own, many, problems)
        plots.append(charts.curves_chart(_overall(methods, of, trials), 460, 300,
                                         f"the {sum(map(len, of.values()))} studies of {peer.name}", WIDE_GRID))
    plots.append('</div><h2>Paired wins after 60 trials, 95 % intervals</h2><div class="wide">')
    for method in own:
        rows = []
        for other in peers:
            of = curves.common_studies([*own, other], problems, summary.TRIALS)
            if not of:
                continue
            _, _, _, rate, (low, high) = curves.win_rate(method, other, of, summary.TRIALS)
            rows.append((other.name, rate, low, high))
        plots.append(charts.wins_chart(sorted(rows, key=lambda r: r[1]), f"{method.name} against"))
    plots.append('</div><h2>Every problem</h2><div class="charts">')
    for problem in problems:
        series = [(m.name, [statistics.fmean(of) for of in zip(*m.curves[problem].values())])
                  for m in own + peers if m.curves.get(problem)]
        plots.append(charts.curves_chart(series, title=problem))
    plots.append("</div>")
    first = next(i for i, b in enumerate(blocks) if b.startswith("<h2>"))
    body = "\n".join(blocks[:first] + plots + blocks[first:])
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
            f'initial-scale=1"><title>hone beside its peers</title><style>{STYLE}</style></head><body>\n{body}\n</body></html>\n')
