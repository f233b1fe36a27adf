"""The space of an Optuna study, which nobody declares: what its finished trials have shown of it."""
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState

__all__ = ["Shown"]

_PARENT_VALUES = 64  # of an integer that other parameters may depend on, at most


class Shown:
    """What the finished trials of a study have shown of its space."""

    def __init__(self):
        self.space = {}  # name -> newest distribution
        self.order = []  # names, as they appeared
        self.rows = []  # params of the trials that ended by themselves
        self.seen = set()
        self.newest = {}

    def look(self, trials):
        for trial in trials:
            if not trial.state.is_finished() or trial.number in self.seen:
                continue
            self.seen.add(trial.number)
            for name, distribution in trial.distributions.items():
                if name not in self.space:
                    self.order.append(name)
                if self.newest.get(name, -1) < trial.number:
                    self.newest[name] = trial.number
                    self.space[name] = distribution
            if trial.state != TrialState.FAIL and trial.params:
                self.rows.append(trial.params)

    def conditions(self, space):
        """{name: (parent, values for which it exists)} of what only some trials have."""
        found = {}
        for at, name in enumerate(self.order):
            if name not in space or all(name in row for row in self.rows):
                continue
            # The parameter suggested last before it that explains it.
            for parent in reversed(self.order[:at]):
                values = self._explains(parent, name) if parent in space else None
                if values:
                    found[name] = (parent, values)
                    break
        return found

    def _explains(self, parent, name):
        candidates = _values(self.space[parent])
        if candidates is None:
            return None
        without = []
        for row in self.rows:
            if parent in row:
                if name not in row:
                    without.append(row[parent])
            elif name in row:
                return None
        if not without:
            return None
        for row in self.rows:
            if name in row and row[parent] in without:
                return None
        return [value for value in candidates if value not in without]


def _values(distribution):
    """The values of a parameter that others may depend on; None for others."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution):
        values = range(distribution.low, distribution.high + 1, distribution.step)
        return list(values) if len(values) <= _PARENT_VALUES else None
    return None
