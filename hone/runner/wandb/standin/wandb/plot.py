"""wandb.plot: every function gives an object that log() accepts and does not keep."""
from ._media import Media


class CustomChart(Media):
    """A chart that is not drawn."""


def _chart(name):
    def make(*args, **kwargs):
        return CustomChart(*args, **kwargs)
    make.__name__ = name
    make.__doc__ = "A chart that log() accepts; it is not drawn."
    return make


line = _chart("line")
line_series = _chart("line_series")
scatter = _chart("scatter")
bar = _chart("bar")
histogram = _chart("histogram")
confusion_matrix = _chart("confusion_matrix")
pr_curve = _chart("pr_curve")
roc_curve = _chart("roc_curve")
plot_table = _chart("plot_table")
visualize = _chart("visualize")
Visualize = CustomChart
