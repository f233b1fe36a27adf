"""What the tests of displays share: programs in terminals of their own.

Needs pyte: the Python that HONE_WANDB_PYTHON names has it (tests/requirements.txt); without it the tests are skipped.
"""
import harness

harness.need("HONE_WANDB_PYTHON", "pyte")

from screen import Screen, terminal_environment  # noqa: E402


class ScreenCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.screens = []

    def tearDown(self):
        for screen in self.screens:
            screen.close()
        super().tearDown()

    def show(self, *arguments, **options):
        """hone in a terminal."""
        return self.show_program([harness.HONE, *arguments], **options)

    def show_program(self, argv, columns=80, rows=24, **environment):
        screen = Screen(argv, self.folder, terminal_environment(self.environment(), **environment), columns, rows)
        self.screens.append(screen)
        return screen
