"""Packs the OpenAPI documents of several Kubernetes releases into one table: table.py OUT DIRECTORY...

Every number is a LEB128 varint, every text an index into the strings, and the whole is one raw DEFLATE stream:

  releases     count, then minor version and text of each
  strings      count, then length and bytes of each
  masks        count, then a set of releases each: bit N is the Nth release
  definitions  count, then length and body of each: fields, count first
  kinds        count, then group, version, kind, definition, mask, scope (0 unknown, 1 namespaced, 2 cluster) of each

A field is: name, mask, 1 when required, schema. What changes between releases is a field with another mask. A schema is
a byte, and what it needs:

  0 anything   1 text   2 int32   3 int64   4 number   5 boolean   6 object of any fields   7 definition
  8 list: 0, or 1 for a set, or 2 for a map with a count and the keys; then the schema of the items
  9 map: the schema of the values      10 one of: count, texts      11 base64      12 time
 13 integer or text     14 quantity

Enumerations stand only in the Go code that Kubernetes generates for the same documents.
"""

import json
import re
import sys
import zlib
from pathlib import Path

SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": 14,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": 13,
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": 12,
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": 12,
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": 6,
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": 6,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": 6,
}
FORMATS = {
    ("string", None): 1,
    ("string", "byte"): 11,
    ("string", "date-time"): 12,
    ("string", "int-or-string"): 13,
    ("integer", "int32"): 2,
    ("integer", "int64"): 3,
    ("integer", None): 3,
    ("number", "double"): 4,
    ("number", None): 4,
    ("boolean", None): 5,
    ("object", None): 6,
    (None, None): 0,
}


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def go_name(definition):
    """`io.k8s.api.core.v1.Pod` as the functions of the generated Go code spell it."""
    for prefix, instead in [
        ("io.k8s.apimachinery.pkg.", "pkg_"),
        ("io.k8s.apiextensions-apiserver.pkg.", "pkg_"),
        ("io.k8s.kube-aggregator.pkg.", "pkg_"),
        ("io.k8s.", "k8sio_"),
    ]:
        if definition.startswith(prefix):
            return instead + definition[len(prefix) :].replace(".", "_")
    return definition


def enumerations(directory):
    """(Go function, field) to (whether the items are meant, values)."""
    found = {}
    function = field = None
    items = False
    for line in (directory / "pkg/generated/openapi/zz_generated.openapi.go").open():
        if match := re.match(r"func schema_(\w+)\(", line):
            function, field = match[1], None
        elif match := re.match(r'\t{5}"([^"]+)": \{$', line):
            field, items = match[1], False
        elif "Items: &spec.SchemaOrArray{" in line:
            items = True
        elif match := re.match(r"\t+Enum: +\[\]interface\{\}\{(.*)\},$", line):
            found[function, field] = (items, json.loads(f"[{match[1]}]"))
    return found


class Table:
    def __init__(self, releases):
        self.releases = releases
        self.strings, self.masks = {}, {}
        self.definitions, self.fields, self.kinds = {}, {}, {}

    def text(self, text):
        return ("text", text)

    def schema(self, schema, values, items):
        if reference := schema.get("$ref"):
            return self.named(reference.removeprefix("#/definitions/"))
        if values and not items:
            return (10, tuple(values))
        if schema.get("type") == "array":
            kind = schema.get("x-kubernetes-list-type")
            keys = tuple(schema.get("x-kubernetes-list-map-keys", [])) if kind == "map" else ()
            rule = ("map", keys) if keys else ("set",) if kind == "set" else ()
            return (8, rule, self.schema(schema["items"], values, False))
        if isinstance(schema.get("additionalProperties"), dict):
            return (9, self.schema(schema["additionalProperties"], values, False))
        return (FORMATS[schema.get("type"), schema.get("format")],)

    def named(self, name):
        if name in SCALARS:
            return (SCALARS[name],)
        if name.startswith("io.k8s.apiextensions-apiserver") and name.rsplit(".", 1)[1].startswith("JSON"):
            if not name.endswith("JSONSchemaProps"):
                return (0,)
        return (7, name)

    def add(self, bit, directory):
        document = json.loads((directory / "api/openapi-spec/swagger.json").read_text())
        enums = enumerations(directory)
        for name, definition in document["definitions"].items():
            if self.named(name)[0] != 7:
                continue
            self.definitions.setdefault(name, len(self.definitions))
            required = set(definition.get("required", []))
            for field, schema in definition.get("properties", {}).items():
                items, values = enums.get((go_name(name), field), (False, []))
                key = (name, field, field in required, self.schema(schema, values, items))
                self.fields[key] = self.fields.get(key, 0) | bit
            for kind in definition.get("x-kubernetes-group-version-kind", []):
                self.kind(kind, name)[0] |= bit
        for path, methods in document["paths"].items():
            for method in methods.values():
                if isinstance(method, dict) and method.get("x-kubernetes-action") == "post":
                    kind = method["x-kubernetes-group-version-kind"]
                    name = (kind["group"], kind["version"], kind["kind"])
                    if re.search(r"/\{name\}/", path) or name not in self.kinds:
                        continue
                    self.kinds[name][1] = 1 if "{namespace}" in path else 2

    def kind(self, kind, definition):
        name = (kind["group"], kind["version"], kind["kind"])
        return self.kinds.setdefault(name, [0, 0, definition])

    def number(self, table, value):
        return varint(table.setdefault(value, len(table)))

    def encode(self, schema):
        tag, rest = schema[0], schema[1:]
        out = bytes([tag])
        if tag == 7:
            out += varint(self.definitions[rest[0]])
        elif tag == 8:
            rule, items = rest
            out += bytes([{(): 0, ("set",): 1}.get(rule, 2)])
            if rule and rule[0] == "map":
                out += varint(len(rule[1])) + b"".join(self.number(self.strings, key) for key in rule[1])
            out += self.encode(items)
        elif tag == 9:
            out += self.encode(rest[0])
        elif tag == 10:
            out += varint(len(rest[0])) + b"".join(self.number(self.strings, value) for value in rest[0])
        return out

    def pack(self):
        bodies = {name: [] for name in self.definitions}
        for (name, field, required, schema), mask in sorted(self.fields.items(), key=lambda entry: str(entry[0])):
            body = self.number(self.strings, field) + self.number(self.masks, mask)
            bodies[name].append(body + bytes([required]) + self.encode(schema))
        definitions = b""
        for fields in bodies.values():
            body = varint(len(fields)) + b"".join(fields)
            definitions += varint(len(body)) + body
        kinds = b""
        for name, (mask, scope, definition) in sorted(self.kinds.items()):
            kinds += b"".join(self.number(self.strings, part) for part in name)
            kinds += varint(self.definitions[definition]) + self.number(self.masks, mask) + bytes([scope])
        encoded = lambda text: varint(len(text.encode())) + text.encode()
        out = varint(len(self.releases))
        out += b"".join(varint(int(release.split(".")[1])) + encoded(release) for release in self.releases)
        out += varint(len(self.strings)) + b"".join(encoded(text) for text in self.strings)
        out += varint(len(self.masks)) + b"".join(varint(mask) for mask in self.masks)
        out += varint(len(bodies)) + definitions
        return out + varint(len(self.kinds)) + kinds


def main():
    out, directories = Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]]
    table = Table([directory.name.split("@v")[1] for directory in directories])
    for number, directory in enumerate(directories):
        table.add(1 << number, directory)
    packed = table.pack()
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    squeezed = squeeze.compress(packed) + squeeze.flush()
    out.write_bytes(squeezed)
    print(f"{len(packed)} bytes, {len(squeezed)} packed: {len(table.definitions)} definitions, "
          f"{len(table.fields)} fields, {len(table.kinds)} kinds, {len(table.masks)} masks", file=sys.stderr)


main()
