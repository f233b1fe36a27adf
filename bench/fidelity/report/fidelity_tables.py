"""REPORT.md: the tables."""

import math
import statistics

import studies

HEAD = """# Early stopping on recorded curves

{tasks} tasks, {seeds} seeds, eight asynchronous workers in simulated time; written on {today} by
`./dev bench fidelity/compare report`. [README.md](README.md) says what the tasks are, how compute is counted and what is left out.
hone's runs are made anew for each report ({own}); the peers' are stored in `peers/trajectories`:

{peers}
"""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def section(title, text):
    return f"## {title}\n\n{text}"


def share_text(x):
    return "never" if math.isinf(x) else f"{x:.2f}"


def mark_text(mark):
    return "all" if mark == 1 else f"1/{round(1 / mark)}"


def regret_table(methods, tasks, shared, trained=False):
    rows = []
    for m in methods:
        cells = [f"{mean:.3f} ± {spread:.3f}" for mean, spread in
                 (studies.mean_and_spread(m, tasks, shared, mark, trained) for mark in studies.MARKS)]
        trials = statistics.fmean(m.search[n][s].trials for n, seeds in shared.items() for s in seeds)
        rows.append([m.name, *cells, f"{trials:.0f}"])
    return table(["method", *map(mark_text, studies.MARKS), "trials begun"], rows)


def reach_tables(methods, full, tasks, shared):
    """One table of medians over tasks, one of every task."""
    summary, every = [], {name: [name] for name in shared}
    for m in methods:
        medians, wide, times, kept, whole = [], [], [], [], []
        for name, seeds in shared.items():
            own, between = studies.tolerances(tasks[name], full, seeds)
            pairs = studies.shares_to_reach(m, full, tasks[name], seeds, own)
            shares = [c for c, _ in pairs]
            medians.append(studies.upper_median(shares))
            times.append(studies.upper_median([t for _, t in pairs]))
            kept.append(statistics.fmean(float(c <= 0.25) for c in shares))
            done = [c for c, _ in studies.shares_to_reach(m, full, tasks[name], seeds, own, trained=True)]
            whole.append(studies.upper_median(done))
            wide.append(studies.upper_median([c for c, _ in studies.shares_to_reach(m, full, tasks[name], seeds, between)]))
            low, high = studies.quartiles(shares)
            every[name].append(f"{share_text(medians[-1])} ({share_text(low)} to {share_text(high)})")
        summary.append([m.name, share_text(studies.upper_median(medians)), f"{sum(x <= 0.25 for x in medians)} of {len(medians)}",
                        f"{100 * statistics.fmean(kept):.0f} %", share_text(studies.upper_median(wide)),
                        f"{sum(x <= 0.25 for x in wide)} of {len(wide)}", share_text(studies.upper_median(whole)),
                        f"{sum(x <= 0.25 for x in whole)} of {len(whole)}", share_text(studies.upper_median(times))])
    first = table(["method", "median task", "tasks with at most 1/4", "studies with at most 1/4", "median task, wide tolerance",
                   "tasks with at most 1/4, wide", "median task, trained", "tasks with at most 1/4, trained", "time, median task"],
                  summary)
    return first, table(["task", *(m.name for m in methods)], list(every.values()))


def wins_table(methods, others, tasks, mark):
    rows = []
    for other in others:
        row = [other.name]
        for m in methods:
            shared = studies.common([m, other], tasks)
            if m is other or not shared:
                row.append("")
                continue
            rate, low, high = studies.win_rate(m, other, tasks, shared, mark)
            row.append(f"{100 * rate:.0f} % ({100 * low:.0f} to {100 * high:.0f})")
        rows.append(row)
    return table(["against", *(m.name for m in methods)], rows)


def race_table(methods, tasks):
    names = [n for n in tasks if len(tasks[n].values) >= 200]
    rows = []
    for m in methods:
        large = {n: sorted(m.race[n]) for n in names if n in m.race}
        small = {n: sorted(m.race[n]) for n in tasks if n not in names and n in m.race}
        row = [m.name]
        for of in (large, small):
            if not of:
                row += ["", ""]
                continue
            hits, n, compute = studies.stopped(m, of)
            low, high = studies.wilson(hits, n)
            row += [f"{hits} of {n}: {100 * hits / n:.1f} % ({100 * low:.1f} to {100 * high:.1f})", f"{compute:.2f}"]
        rows.append(row)
    return table(["method", "pools of 1,000", "compute a trial", "small pools, whole", "compute a trial"], rows)


def task_table(methods, tasks, shared, mark):
    rows = []
    for name, seeds in shared.items():
        values = [statistics.fmean(studies.regrets(m, tasks[name], seeds, mark)) for m in methods]
        least = min(values)
        rows.append([name, *(f"**{v:.3f}**" if v <= least + 5e-4 else f"{v:.3f}" for v in values)])
    return table(["task", *(m.name for m in methods)], rows)


def losses_text(default, others, tasks, shared):
    """Tasks and shares at which another method's mean regret is lower, by how much."""
    lines = []
    for name, seeds in shared.items():
        cells = []
        for mark in studies.MARKS:
            own = statistics.fmean(studies.regrets(default, tasks[name], seeds, mark))
            least, other = min((statistics.fmean(studies.regrets(m, tasks[name], seeds, mark)), m.name) for m in others)
            cells.append(f"{other} by {own - least:.3f}" if own > least + 0.005 else "")
        if any(cells):
            lines.append([name, *cells])
    return table(["task", *map(mark_text, studies.MARKS)], lines) if lines else "Nowhere."


def tolerance_table(full, tasks, shared):
    rows = []
    for name, seeds in shared.items():
        own, between = studies.tolerances(tasks[name], full, seeds)
        task = tasks[name]
        rows.append([name, str(len(task.values)), str(task.trials), f"{task.best:.5g}", f"{task.typical:.5g}", f"{own:.2g}",
                     task.tolerance_from, f"{between:.2g}"])
    return table(["task", "rows", "trials", "best row", "median row", "tolerance", "from", "sd between studies' seeds"], rows)


def markdown(own, peers, tasks, default, today):
    full = own[0]
    partial = [m for m in peers if len(m.search) < len(tasks)]
    peers = [m for m in peers if m not in partial]
    methods = own + peers
    shared = studies.common(methods, tasks)
    if not shared:
        raise SystemExit("compare: there is no study that every method ran; run `compare peers` first")
    chosen = next(m for m in own if m.name == default)
    peer_lines = "\n".join(f"* {m.name}: {m.versions}, {', '.join(sorted(m.dates))}" for m in peers + partial)
    reach, every = reach_tables(methods, full, tasks, shared)
    parts = [HEAD.format(tasks=len(shared), seeds=min(map(len, shared.values())), today=today, own=full.versions,
                         peers=peer_lines)]
    parts.append(section("Regret by compute", "After shares of the full-length search's compute: the mean over tasks and seeds ± "
                         "the standard deviation over seeds of the mean over tasks.\n\n" + regret_table(methods, tasks, shared)))
    parts.append(section("The same, of trials trained in full", "Each system has its own rule of what it names: hone and "
                         "Optuna a trial that was trained in full, once there is one; Ray Tune the best last result, however "
                         "short its training was, so it has something to name from the start. Here every method is taken "
                         "at the best trial that it has trained in full.\n\n" + regret_table(methods, tasks, shared, True)))
    parts.append(section(
        "Compute to reach the full-length search", f"As a share of what `{full.name}` spent with the same seed, until a trial is "
        "named whose final value is within the tolerance of that search's end. The median over seeds, then over tasks; the worse of "
        "two middle ones. The wide tolerance is the standard deviation of that end between the study's seeds. Trained: until "
        "such a trial has been trained in full. Time: the first again, for simulated time.\n\n" + reach))
    for mark in (1 / 4, 1):
        parts.append(section(
            f"Paired wins at equal compute: {mark_text(mark)}", "Share of studies (the same task, seed and order of rows) with "
            "the lower regret, ties as halves, with a 95 % bootstrap interval over tasks and seeds.\n\n"
            + wins_table(own[1:], [full, *own[1:], *peers], tasks, mark)))
    parts.append(section(
        "Good trials that were stopped", "Studies of 200 trials (small pools: all rows): the best 2 % of a study's trials by their "
        "recorded final values, and how many of them were not trained in full; Wilson's 95 % interval. Trials of one study are not "
        "independent, so the interval is somewhat too narrow.\n\n" + race_table(methods, tasks)))
    for m in partial:
        of = studies.common([full, chosen, m], tasks)
        parts.append(section(
            f"Beside {m.name}", "Only where the recordings have a space and a training that goes on. Forks follow a model, not a "
            "recording (`peers/ray_population.py`): what stands here says how the peer was run, not how good it is.\n\n"
            + regret_table([full, chosen, m], tasks, of)))
    parts.append(section("Where hone loses", f"Tasks and shares of compute at which the best of the others has a mean regret lower "
                         f"than `{default}` by more than 0.005.\n\n"
                         + losses_text(chosen, [m for m in peers], tasks, shared)))
    for mark in (1 / 4, 1):
        parts.append(section(f"Regret in every task: {mark_text(mark)}", task_table(methods, tasks, shared, mark)))
    parts.append(section("Compute to reach the full-length search in every task", "Median over seeds (quartiles).\n\n" + every))
    parts.append(section("Tasks", tolerance_table(full, tasks, shared)))
    return "\n\n".join(parts) + "\n"
