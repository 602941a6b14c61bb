#!/usr/bin/env python3
"""The cases of the test suite of RFC 7208 as lines.

usage: spf_suite.py FILE.yml.gz

Each line is a word and its fields, every field in hexadecimal with a leading '=':

    scenario DESCRIPTION            begins a zone
    TXT|A|AAAA|MX|PTR|CNAME NAME VALUE [HOST]
    TIMEOUT NAME                    what the name has not gets no answer
    case NAME CLIENT HELO SENDER RESULT...

As the suite asks of its drivers, a record of type SPF counts as TXT where the name has no TXT.
"""
import gzip
import sys

import yaml


def put(word, *fields):
    octets = (str(field).encode("latin-1").hex() for field in fields)
    print(word, *("=" + field for field in octets))


def joined(value):
    return "".join(value) if isinstance(value, list) else value


def put_name(name, records):
    has_text = any(isinstance(r, dict) and "TXT" in r for r in records)
    for record in records:
        if record == "TIMEOUT":
            put("TIMEOUT", name)
            continue
        (kind, value), = record.items()
        if kind == "SPF":
            if has_text:
                continue
            kind = "TXT"
        if kind == "TXT":
            if value != "NONE":
                put("TXT", name, joined(value))
        elif kind == "MX":
            put("MX", name, *value)
        else:
            put(kind, name, value)


def main():
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as file:
        for scenario in yaml.safe_load_all(file):
            put("scenario", scenario["description"])
            for name, records in scenario["zonedata"].items():
                put_name(name, records)
            for name, case in scenario["tests"].items():
                results = case["result"] if isinstance(case["result"], list) else [case["result"]]
                put("case", name, case["host"], case["helo"], case["mailfrom"], *results)


if __name__ == "__main__":
    main()
