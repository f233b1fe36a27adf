"""A client of `hone serve` for tests: requests, event streams, the binary columns."""
import array
import http.client
import json
import socket
import struct
import urllib.parse

LIMIT_S = 120


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def type(self):
        return self.headers.get("Content-Type", "")

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Of one server; every request is a connection of its own."""

    def __init__(self, url, token=None):
        parts = urllib.parse.urlsplit(url)
        self.host = parts.hostname
        self.port = parts.port
        self.token = token
        self.page_token = None

    def send(self, method, path, body=None, headers=None):
        """A body that is no bytes goes as JSON. Paths go as they are."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=LIMIT_S)
        sent = {}
        if self.token:
            sent["Authorization"] = "Bearer " + self.token
        if self.page_token:
            sent["Hone-Page-Token"] = self.page_token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        try:
            connection.request(method, path, body=body, headers={k: v for k, v in sent.items() if v is not None})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.send("GET", "/api/v1" + path, **options)

    def good(self, path, **options):
        answer = self.get(path, **options)
        if answer.status != 200:
            raise AssertionError("GET %s: %d %r" % (path, answer.status, answer.body))
        return answer.json

    def post(self, path, body=None, **options):
        return self.send("POST", "/api/v1" + path, {} if body is None else body, **options)

    def patch(self, path, body, **options):
        return self.send("PATCH", "/api/v1" + path, body, **options)

    def log_in_as_page(self):
        """Takes what the page takes: the token for its requests that change something."""
        self.page_token = self.good("/session")["page_token"]
        return self

    def raw(self, data, wait=True):
        """Sends bytes and returns what comes until the server closes; "" where it says nothing."""
        with socket.create_connection((self.host, self.port), timeout=LIMIT_S) as connection:
            connection.sendall(data)
            got = b""
            while wait:
                try:
                    piece = connection.recv(65536)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                got += piece
            return got


class Events:
    """An event stream; iterates over (name, id, data)."""

    def __init__(self, client, path, headers=None):
        self.connection = http.client.HTTPConnection(client.host, client.port, timeout=LIMIT_S)
        sent = dict(headers or {})
        if client.token:
            sent["Authorization"] = "Bearer " + client.token
        self.connection.request("GET", "/api/v1" + path, headers=sent)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def __iter__(self):
        name, number, data = "", "", ""
        for line in self.response:
            line = line.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("id: "):
                number = line[4:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and name:
                yield name, number, json.loads(data)
                name, number, data = "", "", ""

    def close(self):
        self.connection.close()
        self.response.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


_TYPES = {"f64": "d", "f32": "f", "i32": "i", "u32": "I", "u16": "H", "u8": "B"}


def read_columns(data):
    """The head, and the columns by (kind, name) as lists; None for what is absent."""
    if data[:8] != b"HONECOL1":
        raise AssertionError("no columns: %r" % data[:40])
    (length,) = struct.unpack("<I", data[8:12])
    head = json.loads(data[12:12 + length])
    begin = 12 + length
    if begin % 8:
        raise AssertionError("not aligned")
    columns = {}
    for column in head["columns"]:
        rows = head["rows"]
        if "range" in column:
            values = list(range(column["range"], column["range"] + rows))
        elif "constant" in column:
            values = [float(column["constant"])] * rows
        else:
            at = begin + column["offset"]
            values = array.array(_TYPES[column["type"]])
            values.frombytes(data[at:at + rows * values.itemsize])
            values = list(values)
        if "dictionary" in column:
            values = [None if v == column["absent"] else column["dictionary"][int(v)] for v in values]
        else:
            nan = set(column.get("is_nan", []))
            values = [None if v != v and i not in nan else v for i, v in enumerate(values)]
        columns[column["kind"], column["name"]] = values
    return head, columns
