"""wandb.summary: the last value of each metric, and what the program sets itself."""
import types


class SummaryDict:
    """A map with attributes; nested maps are SummaryDicts too, and setting tells the run."""

    def __init__(self, items, changed):
        object.__setattr__(self, "_items", items)
        object.__setattr__(self, "_changed", changed)

    def keys(self):
        return [key for key in self._items if key != "_wandb"]

    def get(self, key, default=None):
        return self._items.get(key, default)

    def _as_dict(self):
        return self._items

    def __getitem__(self, key):
        value = self._items[key]
        if isinstance(value, dict):
            return SummaryDict(value, lambda path, new: self._changed((key,) + path, new))
        return value

    __getattr__ = __getitem__

    def __contains__(self, key):
        return key in self._items

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())

    def __setitem__(self, key, value):
        self.update({key: value})

    __setattr__ = __setitem__

    def __delitem__(self, key):
        self._items.pop(key, None)

    __delattr__ = __delitem__

    def update(self, d):
        """Sets several values."""
        for key, value in d.items():
            self._items[key] = value
            self._changed((key,), value)


class Metric:
    """What define_metric was told about one metric."""

    def __init__(self, name, step_metric=None, summary=None):
        self.name = name
        self.step_metric = step_metric
        self.summary = [part.strip().lower() for part in summary.split(",")] if summary else []

    def matches(self, key):
        if self.name.endswith("*"):
            return key.startswith(self.name[:-1])
        return key == self.name


class Summary(SummaryDict):
    """The summary of a run; `on_update` gets a record of what the program sets itself."""

    def __init__(self, on_update):
        def changed(path, value):
            item = types.SimpleNamespace(key=path, value=value)
            on_update(types.SimpleNamespace(update=[item], remove=[]))
        super().__init__({}, changed)
        object.__setattr__(self, "_counts", {})

    def take_logged(self, data, metrics):
        """Notes what was logged: the last value, or what define_metric asks for."""
        for key, value in data.items():
            wanted = [m for m in metrics if m.summary and m.matches(key)]
            if not wanted:
                self._items[key] = value
            elif "none" not in wanted[-1].summary:
                self._aggregate(key, value, wanted[-1].summary)

    def _aggregate(self, key, value, kinds):
        held = self._items.get(key)
        if not isinstance(held, dict):
            held = self._items[key] = {}
        count = self._counts[key] = self._counts.get(key, 0) + 1
        for kind in kinds:
            if kind == "last":
                held[kind] = value
            elif kind == "first":
                held.setdefault(kind, value)
            elif kind == "min":
                held[kind] = min(held.get(kind, value), value)
            elif kind == "max":
                held[kind] = max(held.get(kind, value), value)
            elif kind == "mean":
                held[kind] = held.get(kind, 0.0) + (float(value) - held.get(kind, 0.0)) / count
