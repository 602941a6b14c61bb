#!/usr/bin/env python3
"""Which tests hold which statement of smtp.md, dsn.md and threats.md.

usage: map.py

Prints each number with the tests that carry it, and exits with 1 when a statement has none, one of
"Not yet" has one, or a test carries a number that no list has. A test carries the numbers that its
name begins with ("D19D61WhatCameBack", "D20_D27", "S78 S79: a heading"), that of its suite's
instance, or that of its row.
"""
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
LISTS = {"S": "smtp.md", "D": "dsn.md", "T": "threats.md"}
NOT_YET = "Not yet"

NUMBERS = r"(?:[SDT]\d+[ _]?)+"
STATEMENT = re.compile(r"- ([SDT]\d+) \S.*")
HEADING = re.compile(r"== (" + NUMBERS + r"): ")
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*((" + NUMBERS + r")\w*)\)")
INSTANCE = re.compile(r"\bINSTANTIATE_TEST_SUITE_P\(\s*((" + NUMBERS + r")\w*),\s*(\w+)")
ROW = re.compile(r'\{\s*"((' + NUMBERS + r')[A-Z]\w*)"')


def read_statements(errors):
    """The section of each number, in the order of the lists."""
    sections = {}
    for letter, name in LISTS.items():
        section = ""
        for line in (TESTS / "statements" / name).read_text().splitlines():
            if line.startswith("## "):
                section = line[3:]
            elif line.startswith("- "):
                match = STATEMENT.fullmatch(line)
                if not match or match[1][0] != letter:
                    errors.append(f"{name}: no statement: {line}")
                elif match[1] in sections:
                    errors.append(f"{name}: {match[1]} stands twice")
                else:
                    sections[match[1]] = section
    return sections


def read_tests():
    """(numbers, "file: name") of each test that has a number."""
    for path in sorted(TESTS.rglob("*")):
        place = path.relative_to(TESTS)
        if path.suffix == ".txt" and place.parts[0] == "smtp":
            for line in path.read_text().splitlines():
                if match := HEADING.match(line):
                    yield match[1], f"{place}: {line[3:]}"
        elif path.suffix == ".cc":
            text = COMMENT.sub("", path.read_text())
            for match in TEST.finditer(text):
                yield match[3], f"{place}: {match[1]}.{match[2]}"
            for match in INSTANCE.finditer(text):
                yield match[2], f"{place}: {match[1]}/{match[3]}"
            for match in ROW.finditer(text):
                yield match[2], f"{place}: {match[1]}"


def main():
    errors = []
    sections = read_statements(errors)
    tests = {number: [] for number in sections}
    for numbers, name in read_tests():
        for number in re.findall(r"[SDT]\d+", numbers):
            if number not in tests:
                errors.append(f"{number}: no list has it: {name}")
            elif name not in tests[number]:
                tests[number].append(name)
    for number in sorted(tests, key=lambda n: (n[0], int(n[1:]))):
        print("\n     ".join([f"{number:<5}" + (sections[number] or "holds"), *tests[number]]))
        if sections[number] == NOT_YET and tests[number]:
            errors.append(f'{number}: has a test and stands under "{NOT_YET}"')
        if sections[number] != NOT_YET and not tests[number]:
            errors.append(f"{number}: no test carries it")
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


sys.exit(main())
