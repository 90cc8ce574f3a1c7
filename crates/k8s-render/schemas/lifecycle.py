"""Prints since when APIs are deprecated and gone: lifecycle.py DIRECTORY..., releases of k8s.io/api, newest first.

The releases that Kubernetes plans stand in code generated beside its types. What has no such code is written out below.
"""

import re
import sys
from pathlib import Path

# Types outside k8s.io/api, and types without code of that kind.
MORE = [
    ("v1", "ComponentStatus", "1.19", "-", "-"),
    ("v1", "Endpoints", "1.33", "-", "discovery.k8s.io/v1/EndpointSlice"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.16", "1.22", "apiextensions.k8s.io/v1/CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1beta1", "APIService", "1.10", "1.22", "apiregistration.k8s.io/v1/APIService"),
]


def group_of(package):
    for line in (package / "register.go").read_text().splitlines():
        if match := re.match(r'\s*(?:const )?GroupName\s+= "(.*)"', line):
            return match[1]
    raise SystemExit(f"{package} names no group")


def main():
    rows = {}
    for directory in map(Path, sys.argv[1:]):
        for file in sorted(directory.glob("*/*/zz_generated.prerelease-lifecycle.go")):
            group, version = group_of(file.parent), file.parent.name
            kinds = {}
            text = file.read_text()
            for kind, what, body in re.findall(r"func \(in \*(\w+)\) APILifecycle(\w+)\(\).*?\{\n(.*?)\n\}", text, re.S):
                if what == "Replacement":
                    body = "/".join(re.findall(r'"([^"]*)"', body))
                else:
                    body = ".".join(re.findall(r"\d+", body))
                kinds.setdefault(kind, {})[what] = body
            for kind, found in kinds.items():
                if "Deprecated" in found and not kind.endswith("List"):
                    api = f"{group}/{version}" if group else version
                    row = (found["Deprecated"], found.get("Removed", "-"), found.get("Replacement", "-"))
                    rows.setdefault((api, kind), row)
    for api, kind, *row in MORE:
        rows[api, kind] = tuple(row)
    print("# Made by schemas/generate: APIVERSION KIND DEPRECATED REMOVED REPLACEMENT")
    for (api, kind), row in sorted(rows.items()):
        print(api, kind, *row)


main()
