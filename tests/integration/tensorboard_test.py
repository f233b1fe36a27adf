"""TensorBoard's own writer and reader against hone: scalars of event files that programs write reach their trials, once, also
when hone is killed meanwhile; what `hone export --tensorboard` writes is what TensorBoard reads.

Needs HONE (the program) and HONE_TRACKERS_PYTHON (a Python with tensorboard); without the latter the tests are skipped.

    HONE=build/release/hone HONE_TRACKERS_PYTHON=build/venv/bin/python python3 tests/integration/tensorboard_test.py
"""
import os

from trackers import PAUSE, TrackerCase, main

WRITER = """
import argparse, os, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
writer = EventFileWriter(os.path.join(%s, "runs"))
def scalar(tag, value, step):
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])))
def tensor(tag, value, step):
    proto = TensorProto(dtype=2, tensor_shape=TensorShapeProto(), double_val=[value])
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[Summary.Value(tag=tag, tensor=proto)])))
"""

CURVE = WRITER % 'os.environ["HONE_TRIAL_DIR"]' + """
for step in range(5):
    scalar("val_loss", 1.0 / (step + 1), step)
    tensor("train/loss", step / 7, step)
writer.close()
second = EventFileWriter(os.path.join(os.environ["HONE_TRIAL_DIR"], "eval"))
second.add_event(Event(wall_time=time.time(), step=4, summary=Summary(value=[Summary.Value(tag="test/acc", simple_value=0.5)])))
second.close()
"""

LONG = PAUSE + WRITER % 'os.environ["HONE_TRIAL_DIR"]' + """
for step in range(40):
    scalar("val_loss", 64.0 - step, step)
    if step == 19:
        writer.flush()
        pause()
writer.close()
open("done", "w").close()
"""

READER = """
import json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
found = {}
for folder, _, names in os.walk(sys.argv[1]):
    if not any(name.startswith("events.out.tfevents.") for name in names):
        continue
    read = EventAccumulator(folder)
    read.Reload()
    entry = {"scalars": {tag: [(e.step, e.value, e.wall_time) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}}
    for tag, content in read.PluginTagToContent("hparams").items():
        data = HParamsPluginData.FromString(content)
        if tag == "_hparams_/session_start_info":
            entry["hparams"] = {k: v.number_value if v.HasField("number_value") else v.string_value
                                for k, v in data.session_start_info.hparams.items()}
        elif tag == "_hparams_/session_end_info":
            entry["status"] = data.session_end_info.status
        else:
            entry["metrics"] = [info.name.tag for info in data.experiment.metric_infos]
            entry["parameters"] = {info.name: info.type for info in data.experiment.hparam_infos}
    found[os.path.relpath(folder, sys.argv[1])] = entry
print(json.dumps(found))
"""


class WithTensorBoard(TrackerCase):
    def test_scalars_reach_their_trial_and_come_out_as_event_files(self):
        self.set_up(CURVE, trials=2)
        self.good("run", "study.yaml")
        trials = self.rows()
        reports, points = self.rows("reports"), self.rows("points")
        for number in range(2):
            self.assertEqual([(row["fidelity"], row["value"]) for row in reports if row["trial"] == number],
                             [(0, 1.0), (1, 0.5), (2, 0.3333333432674408), (3, 0.25), (4, 0.20000000298023224)])
            mine = [row for row in points if row["trial"] == number]
            self.assertEqual([row["value"] for row in mine if row["metric"] == "train/loss"], [step / 7 for step in range(5)])
            self.assertEqual([(row["step"], row["value"]) for row in mine if row["metric"] == "test/acc"], [(4, 0.5)])

        self.good("export", "study", "--tensorboard", "board")
        self.good("export", "study", "--tensorboard", "board")  # replaces, does not add
        found = self.read_by(READER, "board")
        self.assertEqual(sorted(found), [".", "0", "1"])
        self.assertEqual(found["."]["metrics"], ["val_loss"])
        self.assertEqual(found["."]["parameters"], {"lr": 3, "kind": 1})
        for number in range(2):
            entry = found[str(number)]
            self.assertEqual(entry["hparams"], {"lr": trials[number]["param.lr"], "kind": trials[number]["param.kind"]})
            self.assertEqual(entry["status"], 1)
            self.assertEqual([(step, value) for step, value, _ in entry["scalars"]["val_loss"]],
                             [(row["fidelity"], row["value"]) for row in reports if row["trial"] == number])
            self.assertEqual(sorted(entry["scalars"]), ["test/acc", "train/loss", "val_loss"])
            for _, _, wall in entry["scalars"]["val_loss"]:
                self.assertTrue(trials[number]["created"] - 1 <= wall <= trials[number]["ended"] + 1)

    def test_nothing_is_lost_or_doubled_when_hone_is_killed(self):
        self.set_up(LONG)
        self.run_until_killed()
        self.until(lambda: os.path.exists(self.path("done")), "the end of the program")
        self.good("run", "study.yaml")
        self.assertEqual([(row["fidelity"], row["value"]) for row in self.rows("reports")],
                         [(step, 64.0 - step) for step in range(40)])

    def test_a_folder_that_the_study_file_names_is_read(self):
        self.set_up((WRITER % '"logs"') + 'scalar("val_loss", 0.5, 3)\nwriter.close()\n',
                    more='metric_source: {files: ["logs/"]}\n')
        self.good("run", "study.yaml")
        self.assertEqual([(row["fidelity"], row["value"]) for row in self.rows("reports")], [(3, 0.5)])


if __name__ == "__main__":
    main()
