"""A study as it shows itself in a notebook: the best, the curve of the best so far, a table.

With several objectives: a table of the front.
"""
import html

from .study import _shown

__all__ = ["study_html"]

_WIDTH, _HEIGHT, _MARGIN = 560, 150, 6
_ROWS = 12


def study_html(study):
    """HTML with an inline SVG; no scripts, nothing is loaded."""
    trials = study.trials()
    parts = ["<div style='font-family:sans-serif;font-size:13px'><b>%s</b>"
             % html.escape(study._summary())]
    objectives = study._objectives()
    front = study.front()
    if len(objectives) == 1 and front:
        parts.append("<div>%s</div>" % " · ".join(
            "%s <b>%s</b>" % (html.escape(name), html.escape(_shown(value)))
            for name, value in front[0]["params"].items()))
    if len(objectives) == 1:
        parts.append(_curve(trials, study.direction))
    parts.append(_table(trials, study, front, objectives))
    parts.append("</div>")
    return "".join(parts)


def _points(trials):
    return [(t["number"], t["value"]) for t in trials
            if t["state"] == "complete" and isinstance(t["value"], float)
            and abs(t["value"]) < float("inf")]


def _curve(trials, direction):
    """Each value as a dot, the best so far as a line. Extreme values are cut off."""
    points = _points(trials)
    if len(points) < 2:
        return ""
    values = sorted(value for _, value in points)
    low, high = values[0], values[-1]
    middle = values[len(values) // 2]
    if direction == "minimize":  # a few bad trials must not press the rest together
        high = min(high, max(middle + 3 * (middle - low), values[(len(values) * 9) // 10]))
    else:
        low = max(low, min(middle - 3 * (high - middle), values[len(values) // 10]))
    span = (high - low) or 1.0
    last = max(points[-1][0], 1)

    def place(number, value):
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * number / last
        y = _MARGIN + (_HEIGHT - 2 * _MARGIN) * (1 - (min(max(value, low), high) - low) / span)
        return "%.1f,%.1f" % (x, y)

    better = min if direction == "minimize" else max
    best, line, dots = None, [], []
    for number, value in points:
        if best is not None:
            line.append(place(number, best))
        best = value if best is None else better(best, value)
        line.append(place(number, best))
        x, y = place(number, value).split(",")
        dots.append("<circle cx='%s' cy='%s' r='2'/>" % (x, y))
    return ("<svg viewBox='0 0 %d %d' width='%d' height='%d' role='img' "
            "aria-label='values of the trials and the best so far'>"
            "<g fill='currentColor' fill-opacity='.35'>%s</g>"
            "<polyline points='%s' fill='none' stroke='#0a7' stroke-width='2'/>"
            "<text x='%d' y='12' font-size='11' fill='currentColor'>%s</text>"
            "<text x='%d' y='%d' font-size='11' fill='currentColor'>%s</text></svg>"
            % (_WIDTH, _HEIGHT, _WIDTH, _HEIGHT, "".join(dots), " ".join(line), _MARGIN,
               _shown(high), _MARGIN, _HEIGHT - 2, _shown(low)))


def _table(trials, study, front, objectives):
    """The best trials first, then the newest."""
    if not trials:
        return ""
    numbers = {trial["number"] for trial in front}
    rows = front + [trial for trial in reversed(trials) if trial["number"] not in numbers]
    rows = rows[:_ROWS]
    names = [name for name in study._facts["parameters"]
             if any(name in row["params"] for row in rows)]
    head = ["trial", "state"] + objectives + names
    lines = ["".join("<th>%s</th>" % html.escape(cell) for cell in head)]
    for row in rows:
        values = row["values"]
        if len(objectives) == 1 and row["value"] is not None:
            values = {objectives[0]: row["value"]}
        cells = [str(row["number"]), row["fail_kind"] or row["state"]]
        cells += [_shown(values[name]) if name in values else "" for name in objectives]
        cells += [_shown(row["params"][name]) if name in row["params"] else "" for name in names]
        lines.append("".join("<td>%s</td>" % html.escape(cell) for cell in cells))
    more = len(trials) - len(rows)
    return "<table>%s</table>%s" % ("".join("<tr>%s</tr>" % line for line in lines),
                                    "<div>%d more</div>" % more if more > 0 else "")
