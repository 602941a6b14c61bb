#!/usr/bin/env python3
"""Whether two types of one namespace have one name, which no compiler sees and no linker tells.

usage: doubled.py ROOT

Two such types in two files are one to the linker, and whichever of their functions it takes serves both
(the one-definition rule). Looks at definitions outside functions in the sources of the modules; what is
in a namespace without a name is its file's own. Exit status 1: there are such; they are printed.
"""
import pathlib
import re
import sys

FOLDERS = ["parser", "storage", "server"]
NAMESPACE = re.compile(r"(?:inline )?namespace(?: ([\w:]+))? \{")
END = re.compile(r"\}  // namespace")
TYPE = re.compile(r"(?:class|struct|union|enum(?: class| struct)?)(?: [A-Z_]+(?:\([^)]*\))?)* (\w+)(?: final)?(?: :[^:].*| \{.*)")


def types_of(text):
    """Fully qualified names of what is defined at the left margin."""
    scopes = []
    for line in text.splitlines():
        if match := NAMESPACE.match(line):
            scopes.append(match[1])
        elif END.match(line):
            scopes.pop()
        elif (match := TYPE.match(line)) and not line.endswith(";") and None not in scopes:
            yield "::".join(scopes + [match[1]])


def main():
    root = pathlib.Path(sys.argv[1])
    places = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.[hc]*")):
            if path.suffix not in (".h", ".cc"):
                continue
            for name in types_of(path.read_text()):
                places.setdefault(name, []).append(str(path.relative_to(root)))
    if len(places) < 100:
        sys.exit("only %d types were found: is this the root?" % len(places))
    doubled = {name: where for name, where in places.items() if len(where) > 1}
    for name, where in sorted(doubled.items()):
        print("%s: %s" % (name, ", ".join(where)))
    sys.exit(1 if doubled else 0)


if __name__ == "__main__":
    main()
