"""REPORT.md: what is compared, and the tables of `tables`, for all problems and for those that the slow peers ran."""

import curves
import tables

TRIALS = 60
MANY = 5  # seeds of every problem, to be in the first table

HEAD = """# hone beside its peers

{problems} problems, {trials} trials, written on {today} by `./dev bench quality/compare report`; what the problems are is in
[README.md](README.md). Regret is that of the incumbent, chosen on reported (noisy) values and judged by the noise-free truth:
0 is the optimum, 1 the median random configuration. Every method sees the same spaces, and the same noise at the same
configuration, seed and trial. Each peer runs with its defaults, one trial after the other, told the number of trials where it asks
for it; `bench/quality/peers/*_peer*.py` say how each space is declared and what a failed trial is told as. Those that know no
conditions (Nevergrad, HEBO, Vizier) search the flat space, where what a condition switches off has no effect. SMAC3's default
fits its model after every eighth suggestion. `optuna_auto` is
AutoSampler's published rule: the runs of `optuna_gp` where no parameter is categorical or conditional, of `optuna_tpe` elsewhere.

hone's runs are made anew for each report ({own}); the peers' are stored in `peers/trajectories` with versions and dates.
"""


def section(title, text):
    return f"## {title}\n\n{text}"


def split_peers(peers, problems):
    """(those with MANY seeds of every problem, the others): the others have tables of their own studies."""
    whole = lambda m: all(sum(len(c) >= TRIALS for c in m.curves.get(p, {}).values()) >= MANY for p in problems)
    return [m for m in peers if whole(m)], [m for m in peers if not whole(m)]


def studies_of(peer, own, many, problems):
    """(methods, studies, trials) for a peer that did not run everything: those of at most as many trials as it has."""
    trials = max(len(curve) for of in peer.curves.values() for curve in of.values())
    methods = [*own, peer, *many]
    return methods, curves.common_studies(methods, problems, trials), trials


def beside(peer, own, many, problems):
    methods, studies, trials = studies_of(peer, own, many, problems)
    count = sum(map(len, studies.values()))
    names = "" if len(studies) == len(problems) else f" On {', '.join(studies)}."
    return section(f"Beside {peer.name}: {len(studies)} problems, {count} studies, {trials} trials",
                   f"It has not run everything; every row is over the studies that it has.{names}\n\n"
                   + tables.regret_and_rank(methods, studies, [t for t in tables.MARKS if t <= trials]))


def markdown(own, peers, problems, today):
    many, few = split_peers(peers, problems)
    studies = curves.common_studies(own + many, problems, TRIALS)
    if not studies:
        raise SystemExit("compare: there is no study that every method ran; run `compare peers` first")
    seeds = min(map(len, studies.values()))
    parts = [HEAD.format(problems=len(problems), trials=TRIALS, today=today, own=own[0].versions)]
    parts.append(section(
        f"All problems: {len(studies)}, with {seeds} seeds",
        "Mean regret over problems, and mean rank among these methods in each study, after so many trials.\n\n"
        + tables.regret_and_rank(own + many, studies, tables.MARKS)))
    parts += [beside(peer, own, many, problems) for peer in few]
    parts.append(section(
        f"Mean regret as a part of a peer's, after 20 and {TRIALS} trials",
        "Below 1 hone is better. Over the studies that both ran, with a 95 % bootstrap interval over problems.\n\n"
        + tables.ratios(own, peers, problems, (20, TRIALS))))
    for trials in (20, TRIALS):
        parts.append(section(
            f"Paired wins after {trials} trials",
            "Share of studies (the same problem, seed and noise) in which hone's regret is lower, ties counted as halves, with "
            "a 95 % bootstrap interval over problems and seeds; then wins / ties / losses in per cent.\n\n"
            + tables.wins(own, peers, problems, trials)))
    parts.append(section(
        f"Trials to reach what a peer has after {TRIALS}",
        "Median over problems of the first trial at which the mean regret is at most the peer's, and in how many problems "
        f"it is not reached within {TRIALS}.\n\n" + tables.matching(own, peers, problems, TRIALS)))
    chance = next(m for m in peers if m.name == "random")
    parts.append(section(
        f"The worst problem against random search, {TRIALS} trials",
        tables.against_random([m for m in own + peers if m is not chance], chance, problems, TRIALS)))
    parts.append(section(
        "Time of a suggestion",
        "The method's own work per trial, to suggest and to take the result: median over studies of the median over 60 trials, "
        "and mean. One thread. The machine (2 cores, x86-64) was busy with other work at times, so read the processor's time; what "
        "passed is an upper bound.\n\n" + tables.times(own + peers)))
    for trials in (20, TRIALS):
        parts.append(section(
            f"Every problem after {trials} trials",
            "Mean regret over all seeds that each method ran (how many: the last table).\n\n"
            + tables.every_problem(own + peers, problems, trials)))
    for trials in (20, TRIALS):
        parts.append(section(
            f"Where a peer is ahead of `auto` after {trials} trials",
            "Every pair of a problem and a peer whose mean is lower, by chance or not (no: the bootstrap interval of the "
            "difference over paired seeds is above 0).\n\n" + tables.behind(own[0], peers, problems, trials)))
    parts.append(section("Versions", tables.versions(own + peers)))
    return "\n".join(parts)
