"""Tests of the example: /usr/bin/python3 -m unittest test_finetune (or run this file). About half a
minute.

They use a base model with random weights, so that nothing is pre-trained.
"""

import processor  # noqa: F401  first: settings that torch reads when it is loaded

import ast
import contextlib
import io
import json
import os
import re
import signal
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

import torch

import compare
import finetune
import model
import pretrain
import texts

FOLDER = Path(__file__).resolve().parent
SHORT = [
    "--epochs=2",
    "--batch_size=32",
    "--rank=4",
    "--dropout=0.3",
    "--learning_rate=1e-2",
    "--seed=5",
]


def random_base(*_):
    torch.manual_seed(0)
    return model.ByteLlama(model.ModelShape())


def sequences(count=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 65), generator=generator)


def train(flags, act=None):
    """Runs finetune.main on a random base; returns (exit status, printed lines as dicts)."""
    printed = io.StringIO()
    status = 0
    with mock.patch.object(pretrain, "base_model", random_base), contextlib.redirect_stdout(
        printed
    ):
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                finetune.main(flags)
            except SystemExit as end:
                status = end.code
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return status, [ast.literal_eval(line) for line in printed.getvalue().splitlines()]


def losses(lines):
    """The numbers that must be reproducible, without run times."""
    kept = ("loss", "grad_norm", "learning_rate", "eval_loss", "test_loss", "epoch")
    return [
        {name: line[name] for name in kept if name in line}
        for line in lines
        if "train_runtime" not in line
    ]


class Model(unittest.TestCase):
    def test_logits_have_one_row_per_byte(self):
        self.assertEqual(random_base()(sequences()[:, :-1]).shape, (3, 64, 256))

    def test_a_byte_does_not_see_what_follows(self):
        base = random_base().eval()
        one = sequences(1)[:, :64]
        other = one.clone()
        other[0, 40:] = (other[0, 40:] + 1) % 256
        with torch.no_grad():
            difference = (base(one) - base(other)).abs().amax(-1)[0]
        self.assertLess(difference[:40].max().item(), 1e-5)
        self.assertGreater(difference[40:].max().item(), 1e-3)

    def test_position_matters(self):
        """Without rotary embeddings attention is blind to the order of earlier bytes."""
        base = random_base().eval()
        with torch.no_grad():
            for parameter in base.layers.parameters():
                parameter.mul_(20 if parameter.dim() == 2 else 1)
            one = base(torch.tensor([[1, 2, 3, 4]]))[0, -1]
            other = base(torch.tensor([[2, 1, 3, 4]]))[0, -1]
        self.assertGreater((one - other).abs().max().item(), 1e-3)

    def test_fresh_lora_changes_nothing(self):
        for targets in model.TARGET_MODULES:
            rows = sequences()[:, :-1]
            base = random_base().eval()
            with torch.no_grad():
                expected = base(rows)
                adapted = model.add_lora(base, targets, 8, 16, 0.5).eval()(rows)
            self.assertTrue(torch.equal(expected, adapted), targets)

    def test_lora_trains_the_adapters_of_the_target_modules_only(self):
        for targets, names in model.TARGET_MODULES.items():
            trained = model.trained_parameters(model.add_lora(random_base(), targets, 8, 16, 0.0))
            self.assertEqual({name.split(".")[-2] for name in trained}, set(names))
            self.assertEqual({name.split(".")[-1] for name in trained}, {"lora_A", "lora_B"})
            self.assertEqual(len(trained), 2 * 2 * len(names))

    def test_windows_predict_each_byte_once(self):
        rows = model.windows(bytes(range(131)), 64)
        self.assertEqual(rows[:, 1:].flatten().tolist(), list(range(1, 129)))


class Texts(unittest.TestCase):
    def test_parts_share_no_entry(self):
        parts = texts.finetuning_entries()
        words = {
            name: {re.sub(r"[^a-z0-9]", "", e.lower())[:80] for e in part}
            for name, part in parts.items()
        }
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            self.assertFalse(words[one] & words[other])
        for name, part in parts.items():
            self.assertGreater(len(part), 150, name)

    def test_reading_is_deterministic(self):
        self.assertEqual(texts.finetuning_text("train"), texts.finetuning_text("train"))

    def test_a_missing_text_names_its_package(self):
        with tempfile.TemporaryDirectory() as empty:
            with self.assertRaisesRegex(texts.MissingText, "apt-get install .*fortunes"):
                texts.finetuning_entries(empty)
            with self.assertRaisesRegex(texts.MissingText, "apt-get install .*anarchism"):
                texts.pretraining_text(empty)


class Cache(unittest.TestCase):
    def test_the_base_is_trained_once_and_read_back(self):
        small = pretrain.Settings(steps=1)
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(
            os.environ, FINETUNE_CACHE=folder
        ):

            def fake(*_):
                calls.append(1)
                return random_base()

            calls, made = [], []
            with mock.patch.object(pretrain, "train", fake):
                at_once = [
                    threading.Thread(
                        target=lambda: made.append(pretrain.base_model(settings=small))
                    )
                    for _ in range(3)
                ]
                for thread in at_once:
                    thread.start()
                for thread in at_once:
                    thread.join()
            self.assertEqual((len(calls), len(made)), (1, 3))
            for name, tensor in random_base().state_dict().items():
                self.assertTrue(torch.equal(tensor, made[2].state_dict()[name]))
            self.assertEqual(len(list(Path(folder).glob("base-*.pt"))), 1)
            other = pretrain.base_path(model.ModelShape(), pretrain.Settings(steps=2))
            self.assertFalse(other.exists())


class Training(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = Path(folder.name)

    def test_log_lines_are_those_of_the_trainer(self):
        status, lines = train([*SHORT, f"--output_dir={self.output}"])
        self.assertEqual(status, 0)
        evaluations = [line for line in lines if "eval_loss" in line]
        self.assertEqual([line["epoch"] for line in evaluations], [0.0, 1.0, 2.0])
        training = [line for line in lines if "loss" in line]
        self.assertEqual([line["epoch"] for line in training], [1.0, 2.0])
        self.assertTrue(all("learning_rate" in line and "grad_norm" in line for line in training))
        self.assertNotIn("test_loss", json.dumps(lines))
        self.assertLess(evaluations[-1]["eval_loss"], evaluations[0]["eval_loss"])

    def test_the_test_text_is_read_on_request_only(self):
        with mock.patch.object(texts, "finetuning_text", wraps=texts.finetuning_text) as read:
            train([*SHORT[:-1], "--epochs=1", f"--output_dir={self.output}"])
            self.assertNotIn(mock.call("test"), read.mock_calls)
            _, lines = train(
                [*SHORT[:-1], "--epochs=1", f"--output_dir={self.output}", "--eval_test"]
            )
            self.assertIn(mock.call("test"), read.mock_calls)
        self.assertIn("test_loss", lines[-1])

    def test_a_resumed_run_prints_the_same_numbers(self):
        _, whole = train(
            [*SHORT, f"--output_dir={self.output}/whole", "--save_total_limit=0", "--eval_test"]
        )
        checkpoints = sorted(
            self.output.glob("whole/checkpoint-*"), key=lambda p: int(p.name.split("-")[1])
        )
        self.assertEqual(len(checkpoints), 3)
        for number, checkpoint in enumerate(checkpoints):
            _, rest = train(
                [
                    *SHORT,
                    f"--output_dir={self.output}/rest",
                    "--eval_test",
                    f"--resume_from_checkpoint={checkpoint}",
                ]
            )
            self.assertEqual(losses(whole)[1 + 2 * number :], losses(rest))

    def test_sigterm_saves_a_checkpoint_amid_an_epoch_from_which_the_run_goes_on(self):
        _, whole = train([*SHORT, f"--output_dir={self.output}/whole"])
        steps = []
        original = finetune.FineTuning.train_step

        def step_then_stop(run):
            original(run)
            steps.append(run.step)
            if run.step == 10:
                os.kill(os.getpid(), signal.SIGTERM)

        with mock.patch.object(finetune.FineTuning, "train_step", step_then_stop):
            status, before = train([*SHORT, f"--output_dir={self.output}/cut"])
        self.assertEqual((status, steps[-1]), (143, 10))
        checkpoint = self.output / "cut/checkpoint-10"
        self.assertTrue((checkpoint / "trainer_state.json").exists())
        status, after = train(
            [*SHORT, f"--output_dir={self.output}/cut", f"--resume_from_checkpoint={checkpoint}"]
        )
        self.assertEqual(status, 0)
        self.assertEqual(losses(whole), losses(before) + losses(after))

    def test_a_stop_during_the_evaluation_repeats_it_after_resuming(self):
        def stop_first(*_, stop, **__):
            os.kill(os.getpid(), signal.SIGTERM)
            return None if stop() else 0.0

        with mock.patch.object(model, "mean_loss", stop_first):
            status, before = train([*SHORT, f"--output_dir={self.output}"])
        self.assertEqual((status, before), (143, []))
        _, after = train(
            [
                *SHORT,
                f"--output_dir={self.output}",
                f"--resume_from_checkpoint={self.output / 'checkpoint-0'}",
            ]
        )
        self.assertEqual(after[0]["epoch"], 0.0)

    def test_a_checkpoint_of_another_shape_is_refused(self):
        train([*SHORT, "--epochs=1", f"--output_dir={self.output}"])
        status, _ = train(
            [
                *SHORT,
                "--rank=8",
                f"--output_dir={self.output}",
                f"--resume_from_checkpoint={self.output / 'checkpoint-0'}",
            ]
        )
        self.assertIn("--rank 4, not 8", status)

    def test_old_checkpoints_go(self):
        train([*SHORT, f"--output_dir={self.output}"])
        self.assertEqual({p.name for p in self.output.iterdir()}, {"checkpoint-7", "checkpoint-14"})

    def test_full_fine_tuning_trains_every_parameter(self):
        with mock.patch.object(pretrain, "base_model", random_base):
            run = finetune.FineTuning(finetune.parse_arguments(["--tuning=full"]))
        self.assertEqual(len(run.trained), len(list(random_base().parameters())))


class Schedule(unittest.TestCase):
    def test_warms_up_and_ends_as_its_name_says(self):
        for kind, middle, end in (
            ("linear", 0.5, 0.0),
            ("cosine", 0.5, 0.0),
            ("constant_with_warmup", 1, 1),
        ):
            self.assertEqual(finetune.schedule_factor(kind, 5, 110, 10), 0.5)
            self.assertEqual(finetune.schedule_factor(kind, 10, 110, 10), 1.0)
            self.assertAlmostEqual(finetune.schedule_factor(kind, 60, 110, 10), middle)
            self.assertAlmostEqual(finetune.schedule_factor(kind, 110, 110, 10), end)


class StudyFile(unittest.TestCase):
    def test_its_defaults_are_those_of_the_program(self):
        study = (FOLDER / "study.yaml").read_text(encoding="utf-8")
        found = dict(re.findall(r"^  (\w+): \{.*default: ([\w.-]+)\}", study, re.MULTILINE))
        program = vars(finetune.parse_arguments([]))
        self.assertEqual(set(found) | {"alpha"}, set(compare.PARAMETERS))
        for name, text in found.items():
            self.assertEqual(type(program[name])(text), program[name], name)
        self.assertEqual(program["alpha"], 2 * program["rank"])


class Comparison(unittest.TestCase):
    def test_reads_a_best_trial_in_several_forms(self):
        flags = {"learning_rate": 4e-3, "rank": 8}
        for text in (
            flags,
            {"trial": 3, "params": flags},
            {"best": {"value": 1.8, "config": flags}},
        ):
            self.assertEqual(compare.read_parameters(json.dumps(text)), flags)
        with self.assertRaisesRegex(ValueError, "no parameter of finetune.py"):
            compare.read_parameters('{"lr": 1}')

    def test_the_gain_must_exceed_three_standard_errors_of_both_kinds(self):
        # Closed form: differences 0.1, 0.2, 0.3 have mean 0.2 and standard error 0.1 / sqrt 3.
        mean, error = compare.mean_and_error([0.1, 0.2, 0.3])
        self.assertAlmostEqual(mean, 0.2)
        self.assertAlmostEqual(error, 0.1 / 3**0.5)
        result = {"hand_search_validation": {1e-3: 2.0}, "hand_learning_rate": 1e-3}
        base = {"default": [2.0, 2.01, 1.99], "hand search": [2.0, 2.01, 1.99]}
        with contextlib.redirect_stdout(io.StringIO()):
            clear = {**result, "test_loss": {**base, "tuned": [1.9, 1.905, 1.895]}}
            self.assertTrue(compare.report(clear, [1, 2, 3]))
            noise = {**result, "test_loss": {**base, "tuned": [1.99, 2.005, 1.975]}}
            self.assertFalse(compare.report(noise, [1, 2, 3]))


if __name__ == "__main__":
    unittest.main()
