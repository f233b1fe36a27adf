"""Logs what programs log: scalars of array libraries, text, booleans, lists, what is no number."""
import wandb


try:
    import numpy
    half, three, true = numpy.float32(0.5), numpy.int64(3), numpy.bool_(True)
    tenth, several = numpy.array([0.1]), numpy.zeros(3)
except ImportError:
    class Scalar:
        """As numpy's scalars: item() gives the number."""

        def __init__(self, value, size=1):
            self.value, self.size = value, size

        def item(self):
            return self.value

    half, three, true = Scalar(0.5), Scalar(3), Scalar(True)
    tenth, several = Scalar(0.1), Scalar(0.0, size=3)

wandb.init()
wandb.log({"a": half, "b": three, "c": true, "nan": float("nan"), "big": 2 ** 60})
wandb.log({"inf": float("inf"), "neg": float("-inf"), "flag": True, "text": "x", "list": [1, 2]})
wandb.log({"several": several, "nothing": None, "a": tenth})
wandb.log({"text": "again"})
wandb.log({})
print("config:", "done")
wandb.finish()
