"""wandb.data_types, by the names there."""
from ._media import (  # noqa: F401
    Audio, Classes, EvalTable, Graph, Histogram, Html, Image, JoinedTable, Media, Molecule,
    Object3D, Plotly, Table, Video, WBValue, box3d)
