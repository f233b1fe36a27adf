#!/usr/bin/env python3
"""Draws docs/images/live.svg: one moment of the live display, taken from a real study in a real terminal.

Runs `hone run examples/finetune/study.yaml` with a store of its own, waits for a moment of it, draws the screen, and ends the
study. The screen is kept by pyte (tests/requirements.txt; build/venv has it):

    build/venv/bin/python docs/images/make_live.py --hone build/release/hone

Text stays text, each stretch held to its columns whatever the reader's font. Blocks and dots of the plots are drawn as
shapes: fonts differ in them most. The picture follows the reader's choice of light or dark.
"""
import argparse
import html
import os
import re
import signal
import sys
import tempfile

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(REPOSITORY, "tests", "cli"))

CELL_WIDTH, CELL_HEIGHT = 8.4, 18.0  # of a 14 px font
MARGIN, BAR = 18.0, 34.0

# Light and dark: the same names as the terminal's colours. Contrast is at least 4.5 on the ground.
COLOURS = {
    "ground": ("#ffffff", "#0f1419"),
    "edge": ("#d0d7de", "#2b333c"),
    "default": ("#1f2328", "#d7dde4"),
    "dim": ("#656d76", "#8a939d"),
    "green": ("#116329", "#5fd068"),
    "red": ("#b3261e", "#ff7b72"),
    "brown": ("#7a5200", "#e3b341"),
    "blue": ("#0550ae", "#79b8ff"),
    "cyan": ("#0a5a66", "#63d4dc"),
    "magenta": ("#8250df", "#d2a8ff"),
}


def style():
    def rules(index):
        return "".join(".%s{fill:%s}" % (name, pair[index]) for name, pair in COLOURS.items() if name != "edge")
    light, dark = rules(0) + ".ground{stroke:%s}" % COLOURS["edge"][0], rules(1) + ".ground{stroke:%s}" % COLOURS["edge"][1]
    font = "text{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}.bold{font-weight:700}"
    return "<style>%s%s@media (prefers-color-scheme:dark){%s}</style>" % (font, light, dark)


def number(value):
    return ("%.2f" % value).rstrip("0").rstrip(".")


def rectangle(x, y, width, height, colour):
    return '<rect x="%s" y="%s" width="%s" height="%s" class="%s"/>' % (
        number(x), number(y), number(width), number(height), colour)


def shape(character, x, y, colour):
    """A block or a field of dots as shapes; nothing for what is text."""
    code = ord(character)
    if 0x2581 <= code <= 0x2588:  # eighths from below
        height = (code - 0x2580) / 8 * (CELL_HEIGHT - 5)
        return rectangle(x + 0.4, y + CELL_HEIGHT - 2 - height, CELL_WIDTH - 0.8, height, colour)
    if 0x2800 <= code <= 0x28FF:  # braille: the bits are the dots
        places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        dots = [place for bit, place in enumerate(places) if code - 0x2800 >> bit & 1]
        return "".join('<circle cx="%s" cy="%s" r="1.25" class="%s"/>' % (
            number(x + (column + 0.5) * CELL_WIDTH / 2), number(y + (row + 0.5) * CELL_HEIGHT / 4), colour)
            for column, row in dots)
    return None


def stretches(row, columns):
    """(first column, text, classes) for each stretch of cells that look alike, without blanks at its ends."""
    out, column = [], 0
    while column < columns:
        cell = row[column]
        colour = "dim" if cell.italics else cell.fg.replace("bright", "")
        classes = (colour if colour in COLOURS else "default") + (" bold" if cell.bold else "")
        if cell.data == " ":
            column += 1
            continue
        plot = shape(cell.data[:1] or " ", 0, 0, "") is not None
        if out and out[-1][2] == classes and not plot and not out[-1][3] and out[-1][0] + len(out[-1][1]) >= column - 1:
            first, text, _, _ = out[-1]
            out[-1] = (first, text.ljust(column - first) + cell.data, classes, False)
        else:
            out.append((column, cell.data, classes, plot))
        column += 1
    return out


def svg(screen, columns, rows, title):
    width, height = 2 * MARGIN + columns * CELL_WIDTH, BAR + MARGIN + rows * CELL_HEIGHT
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img">' % (
        number(width), number(height), number(width), number(height)),
        "<title>%s</title>" % html.escape(title), style(),
        '<rect x=".5" y=".5" width="%s" height="%s" rx="8" class="ground"/>' % (number(width - 1), number(height - 1))]
    out += ['<circle cx="%s" cy="17" r="5" class="%s" opacity=".55"/>' % (20 + 16 * i, colour)
            for i, colour in enumerate(["red", "brown", "green"])]
    out.append('<text x="%s" y="21" class="dim" text-anchor="middle">%s</text>' % (number(width / 2), html.escape(title)))
    for y in range(rows):
        top = BAR + y * CELL_HEIGHT
        for first, text, classes, plot in stretches(screen[y], columns):
            x = MARGIN + first * CELL_WIDTH
            if plot:
                out.append(shape(text, x, top, classes.split()[0]))
                continue
            out.append('<text x="%s" y="%s" textLength="%s" lengthAdjust="spacingAndGlyphs" class="%s">%s</text>' % (
                number(x), number(top + 13.5), number(len(text) * CELL_WIDTH), classes, html.escape(text)))
    return "\n".join(out + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hone", default="build/release/hone")
    parser.add_argument("--study", default="examples/finetune/study.yaml")
    parser.add_argument("--moment", default=r"trial (2[4-9]|[345]\d) of", help="a pattern on the screen")
    parser.add_argument("--also", default=r"running +[4-8]/9", help="another that must be there at the same time")
    parser.add_argument("--columns", type=int, default=92)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--out", default=os.path.join(REPOSITORY, "docs", "images", "live.svg"))
    args = parser.parse_args()

    import pyte
    from screen import Screen, terminal_environment
    pyte.graphics.TEXT[2] = "+italics"  # pyte leaves out "faint"; nothing here is in italics
    with tempfile.TemporaryDirectory() as folder:
        env = terminal_environment(os.environ, HONE_STORE=folder + "/.hone")
        hone = os.path.abspath(args.hone)
        screen = Screen([hone, "run", os.path.relpath(args.study, REPOSITORY)], REPOSITORY, env, args.columns, args.rows)
        try:
            screen.until(lambda lines: all(any(re.search(pattern, line) for line in lines)
                                           for pattern in (args.moment, args.also)), args.moment, limit_s=580)
            lines = screen.lines()
            used = max(i for i, line in enumerate(lines) if line) + 1
            with open(args.out, "w", encoding="utf-8") as file:
                file.write(svg(screen.cells.buffer, args.columns, used, "hone run study.yaml"))
            print("\n".join(lines[:used]))
            screen.signal(signal.SIGINT)
            screen.wait()
        finally:
            screen.close()


if __name__ == "__main__":
    main()
