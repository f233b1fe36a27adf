"""The types that programs log besides numbers. They are accepted and not kept."""
import contextlib
import os
import tempfile

from . import _artifacts


class WBValue:
    """Base of everything that can be logged and is no plain value."""


class Media(WBValue):
    """An object that log() accepts; its arguments are dropped."""

    def __init__(self, *_args, **_kwargs):
        pass


class Image(Media):
    pass


class Audio(Media):
    pass


class Video(Media):
    pass


class Html(Media):
    pass


class Histogram(Media):
    pass


class Object3D(Media):
    pass


class Molecule(Media):
    pass


class Plotly(Media):
    pass


class Graph(Media):
    pass


class Classes(Media):
    pass


class JoinedTable(Media):
    pass


def box3d(*_args, **_kwargs):
    """A box in a point cloud; dropped."""
    return Media()


class Table(Media):
    """Columns and rows. The program may read back what it added."""

    def __init__(self, columns=None, data=None, rows=None, dataframe=None, **_kwargs):
        if dataframe is not None:
            columns = [str(name) for name in dataframe.columns]
            data = dataframe.values.tolist()
        self.columns = list(columns) if columns is not None else ["Input", "Output", "Expected"]
        given = data if data is not None else rows if rows is not None else []
        self.data = [list(row) for row in given]

    def add_data(self, *data):
        """Adds one row."""
        if len(data) != len(self.columns):
            raise ValueError("This table expects %d columns: %s, found %d"
                             % (len(self.columns), self.columns, len(data)))
        self.data.append(list(data))

    def add_row(self, *row):
        """Adds one row."""
        self.add_data(*row)

    def add_column(self, name, data, optional=False):
        """Adds one column."""
        data = list(data)
        if self.columns and self.data and len(data) != len(self.data):
            raise ValueError("Expected length of data (%d) to match table (%d)"
                             % (len(data), len(self.data)))
        if not self.data:
            self.data = [[] for _ in data]
        self.columns.append(name)
        for row, value in zip(self.data, data):
            row.append(value)

    def get_column(self, name, convert_to=None):
        """The values of one column."""
        at = self.columns.index(name)
        column = [row[at] for row in self.data]
        if convert_to == "numpy":
            import numpy
            return numpy.array(column)
        return column

    def get_dataframe(self):
        """The table as a pandas data frame."""
        import pandas
        return pandas.DataFrame(self.data, columns=self.columns)

    def iterrows(self):
        """Pairs of index and row."""
        return enumerate(self.data)


class EvalTable(Table):
    pass


class ArtifactTTL:
    INHERIT = 0


class Artifact:
    """Files that belong together; log_artifact() copies them to the trial's artifacts."""

    def __init__(self, name="", type="", description=None, metadata=None, **_kwargs):
        self.name = name
        self.type = type
        self.description = description
        self.metadata = dict(metadata) if metadata else {}
        self.aliases = []
        self.ttl = None
        self.version = "v0"
        self._folder = None
        self._files = []  # (path, name in the artifact)

    def add_file(self, local_path, name=None, **_kwargs):
        """Adds a file that exists."""
        if not os.path.isfile(local_path):
            raise ValueError("Path is not a file: %r" % local_path)
        self._files.append((os.path.abspath(local_path), name or os.path.basename(local_path)))

    def add_dir(self, local_path, name=None, **_kwargs):
        """Adds the files of a folder that exists."""
        if not os.path.isdir(local_path):
            raise ValueError("Path is not a directory: %r" % local_path)
        self._files.append((os.path.abspath(local_path), name or "."))

    def _keep(self):
        """Copies what was added to the trial's artifacts."""
        for path, name in self._files:
            _artifacts.keep_below(path, os.path.join(self.name or "artifact", name))

    def add_reference(self, uri, name=None, **_kwargs):
        """Accepts a reference."""
        return []

    def add(self, obj, name=None, **_kwargs):
        """Accepts a logged object."""

    @contextlib.contextmanager
    def new_file(self, name, mode="w", encoding=None):
        """A file in a temporary folder to write to."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="wandb-artifact-")
        path = os.path.join(self._folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode, encoding=encoding) as file:
            yield file
        self._files.append((path, name))

    def save(self, *_args, **_kwargs):
        """Accepted, without effect."""

    def wait(self, timeout=None):
        """The artifact itself, at once."""
        return self
