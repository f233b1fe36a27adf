"""Inline SVG: curves of regret over trials and bars of win rates. No scripts, no outside resources."""

import html
import math

# Distinct on light and dark grounds; hone's three are the thick lines.
COLOURS = {
    "hone_auto": "#d62728", "hone_gp": "#ff7f0e", "hone_tpe": "#b8860b", "random": "#888888", "optuna_tpe": "#1f77b4",
    "optuna_gp": "#17becf", "optuna_auto": "#4c4cff", "optuna_cmaes": "#9467bd", "rustuna_tpe": "#8c564b",
    "smac": "#2ca02c", "smac_refit": "#006400", "smac_blackbox": "#66c266", "nevergrad": "#e377c2", "hebo": "#bcbd22", "ax": "#5f9ea0",
    "vizier": "#c71585",
}


def colour(name):
    return COLOURS.get(name, "#555555")


def legend(names):
    items = "".join(f'<span class="key"><i style="background:{colour(n)}"></i>{html.escape(n)}</span>' for n in names)
    return f'<p class="legend">{items}</p>'


def curves_chart(series, width=300, height=190, title="", grid=(1, 0.1, 0.01, 0.001)):
    """series: [(name, [regret after each trial])]; regret on a logarithmic axis that ends at the last of `grid`."""
    left, right, top, bottom = 40, 8, 22, 24
    floor = grid[-1]
    trials = max(len(values) for _, values in series)
    x = lambda t: left + (width - left - right) * (t - 1) / (trials - 1)
    y = lambda v: top + (height - top - bottom) * math.log10(max(v, floor)) / math.log10(floor)
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img"><title>{html.escape(title)}</title>',
             f'<text x="{left}" y="14" class="title">{html.escape(title)}</text>']
    for value in grid:
        at = y(value)
        label = f"{value:g}"
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{at:.1f}" y2="{at:.1f}" class="grid"/>'
                     f'<text x="{left - 4}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for t in range(20, trials + 1, 20):
        parts.append(f'<text x="{x(t):.1f}" y="{height - 6}" text-anchor="middle">{t}</text>')
    for name, values in reversed(series):
        points, last = [], None
        for t, value in enumerate(values, 1):
            here = f"{y(value):.1f}"
            if here != last or t == len(values):
                if last is not None and t > 1:
                    points.append(f"{x(t):.1f},{last}")
                points.append(f"{x(t):.1f},{here}")
                last = here
        thick = 2.2 if name.startswith("hone") else 1.1
        parts.append(f'<polyline points="{" ".join(points)}" stroke="{colour(name)}" stroke-width="{thick}">'
                     f"<title>{html.escape(name)}</title></polyline>")
    return "".join(parts) + "</svg>"


def wins_chart(rows, title, width=460):
    """rows: [(peer, win rate, low, high)]; a line at one half."""
    left, step = 130, 20
    height = 40 + step * len(rows)
    x = lambda share: left + (width - left - 20) * share
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img"><title>{html.escape(title)}</title>',
             f'<text x="4" y="14" class="title">{html.escape(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{x(share):.1f}" x2="{x(share):.1f}" y1="22" y2="{height - 16}" '
                     f'class="{"half" if share == 0.5 else "grid"}"/><text x="{x(share):.1f}" y="{height - 3}" '
                     f'text-anchor="middle">{100 * share:.0f} %</text>')
    for i, (peer, rate, low, high) in enumerate(rows):
        y = 34 + step * i
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{html.escape(peer)}</text>'
                     f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{y}" y2="{y}" stroke="{colour(peer)}" '
                     f'stroke-width="3"/><circle cx="{x(rate):.1f}" cy="{y}" r="4.5" fill="{colour(peer)}"/>')
    return "".join(parts) + "</svg>"
