"""REPORT.html: plots and REPORT.md's tables in one file that needs nothing else. The style is that of bench/quality."""

import html
import math
import statistics

import charts
import fidelity_tables
import studies
from html_text import STYLE, blocks_of

CYCLE = ("#d62728", "#ff7f0e", "#b8860b", "#8b0000", "#e377c2", "#a0522d")
PEER_COLOURS = {"optuna_hyperband": "#1f77b4", "optuna_median": "#17becf", "ray_asha": "#2ca02c", "ray_hyperband": "#66c266",
                "ray_pbt": "#9467bd", "hone_none": "#888888"}
FIRST_SHARE = 1 / 64
POINTS = 49


def name_colours(own):
    charts.COLOURS.update(PEER_COLOURS)
    for i, method in enumerate(m for m in own if m.name != "hone_none"):
        charts.COLOURS[method.name] = CYCLE[i % len(CYCLE)]


def grid():
    return [FIRST_SHARE ** (1 - i / (POINTS - 1)) for i in range(POINTS)]


def share_chart(series, title, width=300, height=190, top_value=1.0):
    """series: [(name, [middle], [low] or None, [high] or None)] at the shares of `grid`."""
    left, right, top, bottom = 34, 8, 22, 24
    x = lambda i: left + (width - left - right) * i / (POINTS - 1)
    y = lambda v: top + (height - top - bottom) * (1 - min(v, top_value) / top_value)
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img"><title>{html.escape(title)}</title>',
             f'<text x="{left}" y="14" class="title">{html.escape(title)}</text>']
    for step in range(5):
        value = top_value * step / 4
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>'
                     f'<text x="{left - 4}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for power in range(0, 7):
        at = (POINTS - 1) * (1 - power / 6)
        label = "all" if power == 0 else f"1/{2 ** power}"
        parts.append(f'<text x="{x(at):.1f}" y="{height - 6}" text-anchor="middle">{label}</text>')
    line = lambda values: " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in enumerate(values))
    for name, middle, low, high in reversed(series):
        colour = charts.colour(name)
        if low is not None:
            back = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in reversed(list(enumerate(low))))
            parts.append(f'<polygon points="{line(high)} {back}" fill="{colour}" opacity="0.12"/>')
        thick = 2.2 if name.startswith("hone") else 1.1
        parts.append(f'<polyline points="{line(middle)}" stroke="{colour}" stroke-width="{thick}">'
                     f"<title>{html.escape(name)}</title></polyline>")
    return "".join(parts) + "</svg>"


def overall(methods, tasks, shared):
    series = []
    for m in methods:
        pairs = [studies.mean_and_spread(m, tasks, shared, share) for share in grid()]
        spread = [0 if math.isnan(s) else s for _, s in pairs]
        series.append((m.name, [v for v, _ in pairs], [max(0, v - s) for (v, _), s in zip(pairs, spread)],
                       [v + s for (v, _), s in zip(pairs, spread)]))
    return series


def of_task(methods, task, seeds):
    series = []
    for m in methods:
        at = [sorted(studies.regrets(m, task, seeds, share)) for share in grid()]
        quartile = [studies.quartiles(values) for values in at]
        series.append((m.name, [statistics.median(values) for values in at], [q[0] for q in quartile], [q[1] for q in quartile]))
    return series


def race_rows(methods, tasks):
    rows = []
    for m in methods:
        large = {n: sorted(m.race[n]) for n in tasks if len(tasks[n].values) >= 200 and n in m.race}
        if large:
            hits, n, _ = studies.stopped(m, large)
            rows.append((m.name, hits / n, *studies.wilson(hits, n)))
    return sorted(rows, key=lambda row: row[1])


def render(own, peers, tasks, default, today):
    name_colours(own)
    whole = [m for m in peers if len(m.search) == len(tasks)]
    methods = own + whole
    shared = studies.common(methods, tasks)
    blocks = blocks_of(fidelity_tables.markdown(own, peers, tasks, default, today))
    chosen = next(m for m in own if m.name == default)
    plots = ["<h2>Regret by share of the full-length search's compute</h2>", charts.legend([m.name for m in methods]),
             '<div class="wide">', share_chart(overall(methods, tasks, shared), f"mean of {len(shared)} tasks, ± sd over seeds", 460, 300)]
    for mark in (1 / 4, 1):
        rows = []
        for other in [own[0], *whole]:
            of = studies.common([chosen, other], tasks)
            rows.append((other.name, *studies.win_rate(chosen, other, tasks, of, mark)))
        plots.append(charts.wins_chart(sorted(rows, key=lambda r: r[1]),
                                       f"{default}: wins at equal compute, {fidelity_tables.mark_text(mark)}"))
    plots.append(charts.wins_chart(race_rows(methods, tasks), "share of the final top 2 % of 200 trials that was stopped"))
    plots.append('</div><h2>Every task: median and quartiles over seeds</h2><div class="charts">')
    for name, seeds in shared.items():
        plots.append(share_chart(of_task(methods, tasks[name], seeds), name))
    plots.append("</div>")
    first = next(i for i, b in enumerate(blocks) if b.startswith("<h2>"))
    body = "\n".join(blocks[:first] + plots + blocks[first:])
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
            f'initial-scale=1"><title>Early stopping on recorded curves</title><style>{STYLE}</style></head><body>\n{body}\n'
            f"</body></html>\n")
