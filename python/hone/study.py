"""Studies whose trials this program evaluates itself.

    import hone
    study = hone.Study({"lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
                        "layers": {"min": 1, "max": 6}}, metric="loss")
    study.optimize(lambda trial: train(**trial.params), n_trials=50)
    print(study.best)

Spaces are dictionaries in the words of the study file (`hone help study-file parameters`). With
`store=` a study is kept where the command line finds it, and either side goes on with it.
"""
from __future__ import annotations

import sys
import threading
import time
import traceback
import warnings
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Type, Union

from . import _core
from .errors import Conflict, Error, InvalidInput, StudyOver

__all__ = ["Study", "Stopped", "Trial", "Trials"]

Value = Union[None, float, Sequence[float], Mapping[str, float]]

_POLL_S = 0.2  # between looks at what other processes do
_PATIENCE_S = 60.0  # for trials that another process should hand out


class Stopped(Exception):
    """May be raised by a function under `Study.optimize`: its trial ends early, with what it has reported.

    Usually once `trial.should_stop()` is true.
    """


class Trial:
    """One configuration to evaluate. `params` is a plain dict of what is active."""

    __slots__ = ("number", "params", "replicate", "attempt", "seed", "fidelity_end", "_study",
                 "_run", "_steps")

    number: int
    params: Dict[str, Any]
    replicate: int
    attempt: int
    seed: int
    fidelity_end: Optional[float]

    def __init__(self, study: Study, run: int, number: int, params: Dict[str, Any],
                 facts: Dict[str, Any]):
        self.number = number
        self.params = params
        self.replicate = facts["replicate"]
        self.attempt = facts["attempt"]
        self.seed = facts["seed"]
        self.fidelity_end = facts["fidelity_end"]
        self._study = study
        self._run = run
        self._steps = 0

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def __repr__(self):
        return "Trial(%d, %s)" % (self.number, _shown_params(self.params))

    def report(self, step: Optional[float] = None, value: Optional[float] = None,
               **metrics: float) -> bool:
        """A point of the trial's curve: `value` is of the objective, other metrics go by name.

        Without `step` the reports are counted. Returns `should_stop()`.
        """
        if value is not None:
            metrics[self._study.metric] = value
        if not metrics:
            raise InvalidInput("trial %d: a report without a value" % self.number)
        self._steps += 1
        return self._study._core.report(self._run, float(self._steps if step is None else step),
                                        metrics)

    def should_stop(self) -> bool:
        """Whether a scheduler, a detector or a user has ended the trial."""
        return self._study._core.should_stop(self._run)

    def finish(self, value: Value = None) -> None:
        """As `study.tell(trial, value)`."""
        self._study.tell(self, value)


class Trials(List[Dict[str, Any]]):
    """Trials as plain dicts, in the order of their numbers."""

    def _flat(self):
        rows = []
        for trial in self:
            row = {key: trial[key] for key in ("number", "state", "value")}
            row.update(("params_" + name, value) for name, value in trial["params"].items())
            row.update(("metrics_" + name, value) for name, value in trial["values"].items())
            row.update((key, trial[key]) for key in
                       ("rule", "origin", "reason", "fail_kind", "duration_s"))
            rows.append(row)
        names = []
        for row in rows:
            names.extend(name for name in row if name not in names)
        return {name: [row.get(name) for row in rows] for name in names}

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a column per parameter and metric."""
        import pandas
        return pandas.DataFrame(self._flat())

    def to_polars(self) -> Any:
        """The same as a polars.DataFrame."""
        import polars
        return polars.DataFrame(self._flat(), strict=False)


class Study:
    """A search for the best configuration.

    space: {name: {"min": …, "max": …} or {"values": […]} …}, in the words of the study file. None
        opens a stored study as it is.
    metric: the name of what is optimised, or a list of study-file metrics: several objectives
        (then `front()` has the result), constraints, guards.
    direction: "minimize" or "maximize".
    method: "auto" (default), "gp", "tpe", "sobol", "random", "grid", …; or a map with options.
    seed: equal seeds and equal answers give equal trials. None draws one.
    store: a path or postgres:// address; None keeps the study in memory.
    name, project: of the study in its store. A study of that name goes on.
    more: further keys of the study file: constraints, scheduler, fidelity, guards, budget, …

    Thread-safe. Errors are hone.Error.
    """

    def __init__(self, space: Optional[Mapping[str, Any]] = None,
                 metric: Union[str, Mapping[str, Any], Sequence[Mapping[str, Any]]] = "value",
                 direction: str = "minimize",
                 method: Union[None, str, Mapping[str, Any]] = None, seed: Optional[int] = None,
                 store: Any = None, name: Optional[str] = None, project: Optional[str] = None,
                 **more: Any):
        document = None
        if space is not None:
            document = _document(space, metric, direction, method, seed, more)
        elif store is None:
            raise InvalidInput("a study needs a space, or a store in which it is")
        elif more or method is not None or seed is not None:
            raise InvalidInput("a stored study is opened as it is: give its space to change it")
        self._core = _core.Study(document, None if store is None else str(store), name, project)
        for sentence in self._core.warnings():
            warnings.warn(sentence, stacklevel=2)
        self._facts = self._core.facts()
        self._asked = False
        self._ended = threading.Condition()

    # What the study is.

    @property
    def name(self) -> str:
        return self._facts["name"]

    @property
    def metric(self) -> str:
        """The name of the first objective."""
        return self._facts["metrics"][0]["name"]

    @property
    def direction(self) -> str:
        return self._facts["metrics"][0]["direction"]

    @property
    def store(self) -> Optional[str]:
        """The address of the store, None in memory."""
        return self._facts["store"]

    @property
    def seed(self) -> int:
        return self._facts["seed"]

    @property
    def best(self) -> Optional[Dict[str, Any]]:
        """The best trial so far as a dict (number, params, value, …); None before there is one.

        With several objectives no trial is the best: Conflict, and `front()` has those to choose from.
        """
        names = self._objectives()
        if len(names) > 1:
            raise Conflict("the study has %d objectives (%s), and no trial is the best in all of them"
                           % (len(names), ", ".join(names)),
                           "front() lists the trials that no other dominates")
        number = self._core.best()
        return None if number is None else self.trial(number)

    def front(self) -> Trials:
        """The trials that no other is better than in one objective without being worse in another.

        In the order of their numbers; their `values` have every metric. With one objective: the best.
        """
        numbers = set(self._core.front())
        return Trials(row for row in self._core.trials(min(numbers, default=0))
                      if row["number"] in numbers)

    def _objectives(self):
        return [metric["name"] for metric in self._facts["metrics"] if metric["objective"]]

    def trial(self, number: int) -> Dict[str, Any]:
        """One trial as a dict."""
        rows = self._core.trials(number) if number >= 0 else []
        if not rows:
            raise Error("there is no trial %d" % number)
        return rows[0]

    def trials(self) -> Trials:
        """All trials as a list of dicts, with `to_pandas()` and `to_polars()`."""
        return Trials(self._core.trials(0))

    def status(self) -> Dict[str, Any]:
        """The state of the study and how many trials are in which."""
        return self._core.status()

    def importance(self) -> Optional[Dict[str, float]]:
        """{parameter: share of what mattered}, largest first; None while trials are too few."""
        return self._core.importance()

    def importance_table(self) -> Dict[str, Any]:
        """Importance by each method, with intervals of 95 %, as `hone importance --json` gives it.

        "parameters" is a list, the most important first, of "parameter", "share", "p", "fanova",
        "fanova_where_active", "fanova_near", "ped_anova", "ped_anova_near" and "active"; figures
        {"value", "low", "high"} that there are too few trials for are left out.
        """
        return self._core.importance_table()

    def findings(self) -> List[Dict[str, Any]]:
        """What the study taught: dicts with "kind", "parameter", "text" and "evidence".

        Only what these trials tell apart from chance; empty where that is nothing.
        """
        return self._core.findings()

    def __len__(self) -> int:
        return self._core.status()["trials"]

    # Ask and tell.

    def ask(self) -> Trial:
        """The next trial. Waits where other processes hold all that can be evaluated now.

        Raises hone.StudyOver when no trial is left.
        """
        end = time.monotonic() + _PATIENCE_S
        while True:
            trial = self._ask_once()
            if trial is not None:
                return trial
            if self.store is None or time.monotonic() > end:
                raise Conflict("no further trial until one of those that are out is told")
            self._core.wait(_POLL_S)

    def _ask_once(self) -> Optional[Trial]:
        answer = self._core.ask()
        if answer[0] == "over" and answer[1] == "paused" and not self._asked:
            self._core.request("resume", None)
            answer = self._core.ask()
        self._asked = True
        if answer[0] == "over":
            raise StudyOver("the study is %s%s" % (
                answer[1], " (%s)" % answer[2] if answer[2] else ""))
        return Trial(self, *answer[1:]) if answer[0] == "trial" else None

    def tell(self, trial: Union[Trial, int], value: Value = None) -> None:
        """Ends a trial (or the trial of that number) with its value.

        `value`: a number; a list or a dict by name with all metrics; None where the last report says
        it. NaN fails the trial.
        """
        self._core.tell(self._run_of(trial), self._values(value))
        self._note_end()

    def tell_failed(self, trial: Union[Trial, int], kind: str = "exit_code",
                    detail: str = "") -> None:
        """Ends a trial without a value. `kind` says what the search learns from it: "diverged",
        "out_of_memory", "infeasible" and "timeout" keep it away from there, "lost" teaches nothing.
        """
        self._core.tell_failed(self._run_of(trial), kind, detail)
        self._note_end()

    def tell_stopped(self, trial: Union[Trial, int]) -> None:
        """Ends a trial before its end, with what it has reported."""
        self._core.tell_stopped(self._run_of(trial))
        self._note_end()

    def give_back(self, trial: Union[Trial, int]) -> None:
        """Puts a trial back: it is the next one that is asked for."""
        self._core.give_back(self._run_of(trial))
        self._note_end()

    def enqueue(self, params: Mapping[str, Any]) -> int:
        """A configuration that is asked for next; what is not given takes its default."""
        outcome = self._core.request("enqueue", {"config": self._core.completed(dict(params))})
        return int(outcome.split()[-1])

    def stop(self) -> None:
        """Ends the study for everybody who works on it; asking from a new Study goes on."""
        self._asked = True
        self._core.request("stop", None)

    def _run_of(self, trial):
        if isinstance(trial, Trial):
            return trial._run
        return self._core.run_of(int(trial))

    def _values(self, value):
        if value is None:
            return []
        if isinstance(value, dict):
            names = [metric["name"] for metric in self._facts["metrics"]]
            unknown = [name for name in value if name not in names]
            missing = [name for name in names if name not in value]
            if unknown or missing:
                raise InvalidInput("values of %s are wanted, not of %s" % (
                    ", ".join(names), ", ".join(value) or "none"))
            return [_number(name, value[name]) for name in names]
        if isinstance(value, (list, tuple)):
            return [_number(self.metric, one) for one in value]
        return [_number(self.metric, value)]

    def _note_end(self):
        with self._ended:
            self._ended.notify_all()

    # The loop.

    def trials_to_run(self, n_trials: Optional[int] = None) -> Iterator[Trial]:
        """Trials to evaluate one after the other; the loop's body tells each (`trial.finish`)."""
        given = 0
        while n_trials is None or given < n_trials:
            try:
                trial = self.ask()
            except StudyOver:
                return
            given += 1
            yield trial

    def optimize(self, fn: Callable[[Trial], Value], n_trials: Optional[int] = None,
                 n_jobs: int = 1, timeout: Optional[float] = None,
                 progress: Optional[bool] = None,
                 catch: Sequence[Type[BaseException]] = ()) -> Study:
        """Evaluates `fn(trial)`, which returns the value, until there is an end.

        n_trials: so many, on top of those there are; None: until the study is over.
        n_jobs: threads that evaluate at a time.
        timeout: seconds after which nothing new begins.
        progress: whether a line shows how it stands; None: on a terminal.
        catch: exceptions that fail their trial and do not end the loop. Other exceptions fail the
            trial and are raised.

        Ctrl-C ends the loop and keeps the study: the trial that was being evaluated comes again.
        Returns the study.
        """
        if n_trials is not None and n_trials < 0:
            raise InvalidInput("n_trials is %r" % (n_trials,))
        if n_jobs < 1:
            raise InvalidInput("n_jobs is %r; at least one trial is evaluated at a time" % (n_jobs,))
        self._go_on(n_trials)
        loop = _Loop(self, fn, n_trials, timeout, _Progress(self, n_trials, progress), tuple(catch))
        loop.run(n_jobs)
        return self

    def _go_on(self, n_trials):
        """A study that is over, and is asked for more, is opened again."""
        status = self._core.status()
        if status["state"] == "finished" and n_trials:
            self._core.request("budget", {"trials": n_trials, "relative": True})
        elif status["state"] == "paused":
            self._core.request("resume", None)
            self._asked = True

    # How it shows itself.

    def __repr__(self) -> str:
        return "<hone.Study %s>" % self._summary()

    def _summary(self):
        status = self._core.status()
        of = ", ".join("%s %s" % (metric["direction"], metric["name"])
                       for metric in self._facts["metrics"] if metric["objective"])
        text = "%s: %s, %d trial%s" % (self.name, of, status["trials"],
                                       "" if status["trials"] == 1 else "s")
        if status["failed"]:
            text += ", %d failed" % status["failed"]
        if len(self._objectives()) > 1:
            return text + ", a front of %d" % len(self._core.front())
        best = self.best
        if best is not None:
            text += ", best %s (trial %d)" % (_shown(best["value"]), best["number"])
        return text

    def _repr_html_(self) -> str:
        from .notebook import study_html
        return study_html(self)


class _Loop:
    """`Study.optimize`: threads that ask, evaluate and tell until something ends them."""

    def __init__(self, study, fn, n_trials, timeout, progress, catch):
        self.study = study
        self.fn = fn
        self.left = n_trials
        self.end = None if timeout is None else time.monotonic() + timeout
        self.progress = progress
        self.catch = catch
        self.out = 0
        self.done = False
        self.error = None
        self.lock = threading.Lock()

    def run(self, n_jobs):
        try:
            if n_jobs == 1:
                self.work()
            else:
                self.run_threads(n_jobs)
        finally:
            self.done = True
            self.progress.close()
        if self.error is not None:
            raise self.error

    def run_threads(self, n_jobs):
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(n_jobs)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(_POLL_S)
        except KeyboardInterrupt:
            # Functions that run cannot be interrupted from here: nothing new begins, and what they
            # come to is kept.
            self.done = True
            sys.stderr.write("\nhone: interrupted; waiting for %d trial(s), Ctrl-C again leaves "
                             "them\n" % self.out)
            for thread in threads:
                thread.join()
            raise

    def may_begin(self):
        with self.lock:
            if self.done or self.error is not None or self.left == 0:
                return False
            if self.end is not None and time.monotonic() >= self.end:
                return False
            if self.left is not None:
                self.left -= 1
            self.out += 1
            return True

    def work(self):
        try:
            while self.may_begin():
                try:
                    if not self.one():
                        return
                finally:
                    with self.lock:
                        self.out -= 1
        except BaseException as error:  # raised again by `run`
            with self.lock:
                if self.error is None:
                    self.error = error

    def one(self):
        try:
            trial = self.next_trial()
        except StudyOver as over:
            with self.lock:
                self.done = True
            self.progress.say(over.message)
            return False
        if trial is None:
            return False
        try:
            value = self.fn(trial)
        except Stopped:
            self.study.tell_stopped(trial)
        except KeyboardInterrupt:
            self.study.give_back(trial)
            raise
        except BaseException as error:
            self.study.tell_failed(trial, _fail_kind(error), _last_lines(error))
            if not isinstance(error, self.catch):
                raise
        else:
            self.tell(trial, value)
        self.progress.show()
        return True

    def tell(self, trial, value):
        try:
            self.study.tell(trial, value)
        except InvalidInput as error:
            self.study.tell_failed(trial, "no_metric", error.message)
            raise

    def next_trial(self):
        """Waits while all that can be evaluated is out; None when the loop is to end meanwhile."""
        while True:
            trial = self.study._ask_once()
            if trial is not None:
                return trial
            with self.lock:
                others = self.out > 1
                if self.done or self.error is not None:
                    return None
            if self.study.store is None:
                if not others:
                    raise Conflict("no further trial until one of those that are out is told")
                with self.study._ended:
                    self.study._ended.wait(_POLL_S)
            else:
                self.study._core.wait(_POLL_S)


class _Progress:
    """One line on stderr that says how it stands."""

    def __init__(self, study, n_trials, wanted):
        self.study = study
        self.n_trials = n_trials
        self.on = sys.stderr.isatty() if wanted is None else bool(wanted)
        self.begun = time.monotonic()
        self.done = 0
        self.width = 0
        self.next = 0.0
        self.lock = threading.Lock()

    def show(self):
        if not self.on:
            return
        with self.lock:
            self.done += 1
            now = time.monotonic()
            last = self.done == self.n_trials
            if now < self.next and not last:
                return
            self.next = now + 0.1
            of = "" if self.n_trials is None else "/%d" % self.n_trials
            text = "%s  trial %d%s  %.0f s" % (self.study.name, self.done, of, now - self.begun)
            several = len(self.study._objectives()) > 1
            best = None if several else self.study.best
            if several:
                text += "  front of %d" % len(self.study._core.front())
            elif best is not None:
                text += "  best %s %s (trial %d)" % (
                    self.study.metric, _shown(best["value"]), best["number"])
            sys.stderr.write("\r" + text[:200].ljust(self.width))
            self.width = len(text[:200])
            sys.stderr.flush()

    def say(self, sentence):
        if self.on:
            sys.stderr.write("\r%s\n" % sentence.ljust(self.width))
            self.width = 0

    def close(self):
        if self.on and self.width:
            sys.stderr.write("\n")


def _document(space, metric, direction, method, seed, more):
    """The study file that says the same."""
    if not isinstance(space, Mapping):
        raise InvalidInput("a space is a dict of parameters by name, not a %s"
                           % type(space).__name__,
                           'hone.Study({"lr": {"min": 1e-5, "max": 1e-1}})')
    document: Dict[str, Any] = {"parameters": dict(space)}
    if isinstance(metric, str):
        document["metric"] = {"name": metric, "goal": direction}
    elif isinstance(metric, Mapping):
        document["metric"] = dict(metric)
    else:
        document["metrics"] = list(metric)
    if method is not None:
        document["method"] = method if isinstance(method, str) else dict(method)
    if seed is not None:
        document["seed"] = seed
    for key, value in more.items():
        if key in document:
            raise InvalidInput("%s is given twice" % key)
        document[key] = value
    return document


def _number(name, value):
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise InvalidInput("%s must be a number, not %s (%.60r)"
                           % (name, type(value).__name__, value)) from None


def _fail_kind(error):
    if isinstance(error, MemoryError):
        return "out_of_memory"
    if "OutOfMemory" in type(error).__name__:  # torch.cuda.OutOfMemoryError and its like
        return "gpu_out_of_memory"
    return "exit_code"


def _last_lines(error):
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))[-2000:]


def _shown(value):
    return "%.6g" % value if isinstance(value, float) else str(value)


def _shown_params(params):
    return ", ".join("%s=%s" % (name, _shown(value)) for name, value in params.items())
