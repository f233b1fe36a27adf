"""One study of a peer on recorded curves: eight asynchronous workers on an event clock.

The rules of pools, run times and compute are those of hone_fidelity (bench/fidelity/replay.cc, README.md); a test compares the
two on the search without early stopping. Tasks come from `hone_fidelity export`.
"""

import heapq
import json
import math

GO, STOP, PAUSE = "go", "stop", "pause"
INSTANT = 1e-6  # seconds: the resolution of hone's clock


class Task:
    def __init__(self, record):
        self.name = record["name"]
        self.family = record["family"]
        self.goal = record["goal"]
        self.levels = record["levels"]
        self.goes_on = record["goes_on"]
        self.trials = record["trials"]
        self.best, self.typical = record["best"], record["typical"]
        self.tolerance, self.tolerance_from = record["tolerance"], record["tolerance_from"]
        self.values = [[math.nan if v is None else v for v in row["values"]] for row in record["rows"]]
        self.seconds = [row["seconds"] for row in record["rows"]]
        self.configs = [row["config"] for row in record["rows"]]
        self.orders = {int(seed): order for seed, order in record["orders"].items()}

    @property
    def full(self):
        return self.levels[-1]

    def loss(self, value):
        """Smaller is better; NaN is worst."""
        if math.isnan(value):
            return math.inf
        return value if self.goal == "minimize" else -value


def read_tasks(path):
    with open(path) as file:
        data = json.load(file)
    return [Task(record) for record in data["tasks"]], data["workers"], data["copy_cost"]


class Trial:
    """What the clock knows of a trial. `values` are of its row, unless a peer forks it."""

    def __init__(self, number, row, values):
        self.number = number
        self.row = row
        self.values = values
        self.level = -1  # last level reported, an index
        self.program = None

    @property
    def last(self):
        return self.values[self.level] if self.level >= 0 else math.nan


class Program:
    """A stretch of training: the cost at the end of each of its levels."""

    def __init__(self, start, knots):
        self.start = start
        self.knots = knots  # (seconds since the start, cost, level or None)

    def cost_at(self, now):
        before = (0.0, 0.0)
        for at, cost, _ in self.knots:
            if self.start + at > now:
                share = (now - self.start - before[0]) / (at - before[0])
                return before[1] + share * (cost - before[1])
            before = (at, cost)
        return before[1]


class Study:
    """Runs `make_peer(study)`. A peer has next() -> Trial or None, report(trial) and complete(trial), both called after
    trial.level has moved (report answers GO, STOP or PAUSE), and best() -> the value to be had from what it names best, or
    None."""

    def __init__(self, task, seed, make_peer, workers, copy_cost, compute=math.inf, trials=None):
        self.task, self.seed = task, seed
        self.workers, self.copy_cost, self.limit = workers, copy_cost, compute
        self.order = task.orders[seed]
        self.most = min(len(self.order), trials or len(self.order))
        self.trials = []
        self.now, self.ended_cost = 0.0, 0.0
        self.events, self.count = [], 0
        self.live = []
        self.best_trained = None  # its value
        self.incumbents = []  # (compute, seconds, value) of what the peer names best
        self.trained = []  # the same of the best trial that was trained in full
        self.peer = make_peer(self)

    def new_trial(self):
        """The next row as a trial; None when the pool or the budget is used up."""
        if len(self.trials) >= self.most:
            return None
        row = self.order[len(self.trials)]
        self.trials.append(Trial(len(self.trials), row, self.task.values[row]))
        return self.trials[-1]

    def start(self, trial, copied=False):
        """Lets a trial train on from the level it has reached. `copied`: from a checkpoint."""
        task, seconds = self.task, self.task.seconds[trial.row]
        time, cost, knots = 0.0, 0.0, []
        if copied and task.goes_on:
            cost += self.copy_cost
            time += self.copy_cost * seconds[-1]
            knots.append((time, cost, None))
        begun = task.levels[trial.level] if trial.level >= 0 else 0
        for i in range(trial.level + 1, len(task.levels)):
            before = seconds[i - 1] if task.goes_on and i > 0 else 0.0
            time += seconds[i] - before
            cost += (task.levels[i] - (begun if task.goes_on else 0)) / task.full
            begun = task.levels[i]
            knots.append((time, cost, i))
        trial.program = Program(self.now, knots)
        self.live.append(trial)
        self.expect(trial, 0)

    def expect(self, trial, knot):
        while trial.program.knots[knot][2] is None:
            knot += 1
        self.count += 1
        at = trial.program.start + trial.program.knots[knot][0]
        heapq.heappush(self.events, (at, self.count, trial, trial.program, knot))

    def end_program(self, trial):
        """The worker is free; what was trained so far is paid."""
        if trial.program is not None:
            self.ended_cost += trial.program.cost_at(self.now)
            trial.program = None
            self.live.remove(trial)

    def spent(self):
        return self.ended_cost + sum(t.program.cost_at(self.now) for t in self.live)

    def fill(self):
        while len(self.live) < self.workers:
            trial = self.peer.next()
            if trial is None:
                return
            self.start(trial, copied=trial.level >= 0)

    def note(self):
        """What can be had now, if it is another value than before."""
        for known, value in ((self.incumbents, self.peer.best()), (self.trained, self.best_trained)):
            last = known[-1][2] if known else None
            both_nan = last is not None and value is not None and math.isnan(last) and math.isnan(value)
            if value is not None and value != last and not both_nan:
                known.append((self.spent(), self.now, value))

    def run(self):
        self.fill()
        while self.events and self.spent() < self.limit:
            self.now = self.events[0][0]
            # What happens at one instant is decided on one by one; workers are filled, and the study is asked for its best,
            # when all of it is known.
            while self.events and self.events[0][0] <= self.now + INSTANT:
                self.happen(*heapq.heappop(self.events)[2:])
            self.fill()
            self.note()
        return self

    def happen(self, trial, program, knot):
        if trial.program is not program:
            return
        trial.level = program.knots[knot][2]
        at_the_end = trial.level == len(self.task.levels) - 1
        loss = self.task.loss
        if at_the_end and (self.best_trained is None or loss(trial.last) < loss(self.best_trained)):
            self.best_trained = trial.last
        action = self.peer.report(trial)
        if action != GO:
            self.end_program(trial)
        elif at_the_end:
            self.end_program(trial)
            self.peer.complete(trial)
        else:
            self.expect(trial, knot + 1)

    def top(self):
        """How many trials are the best 2 % by their rows' final values, and how many of them were not trained in full."""
        ranked = sorted(self.trials, key=lambda t: self.task.loss(self.task.values[t.row][-1]))
        ranked = ranked[: math.ceil(0.02 * len(ranked) - 1e-9)]
        return len(ranked), sum(t.level < len(self.task.levels) - 1 for t in ranked)


class FullLength:
    """No early stopping: only for the test that compares the two clocks. Ends a trial at its first NaN, as hone does."""

    def __init__(self, study):
        self.study, self.named = study, None

    def next(self):
        return self.study.new_trial()

    def report(self, trial):
        return STOP if not math.isfinite(trial.last) else GO

    def complete(self, trial):
        loss = self.study.task.loss
        if self.named is None or (loss(trial.last), trial.number) < (loss(self.named.last), self.named.number):
            self.named = trial

    def best(self):
        return self.named and self.named.values[-1]
