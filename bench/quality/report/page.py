"""REPORT.html: the plots and then REPORT.md's tables, in one file that needs nothing else."""

import statistics

import charts
import curves
import summary
from html_text import STYLE, blocks_of

WIDE_GRID = (1, 0.5, 0.2, 0.1, 0.05)


def _overall(methods, studies, trials):
    result = []
    for m in methods:
        of = [[statistics.fmean(m.curves[p][s][t] for s in seeds) for t in range(trials)] for p, seeds in studies.items()]
        result.append((m.name, [statistics.fmean(c[t] for c in of) for t in range(trials)]))
    return result


def html(own, peers, problems, today):
    many, few = summary.split_peers(peers, problems)
    studies = curves.common_studies(own + many, problems, summary.TRIALS)
    blocks = blocks_of(summary.markdown(own, peers, problems, today))
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
