#!/usr/bin/env python3
"""Signs a message with dkimpy.

usage: sign.py DOMAIN ALGORITHM FILE

Writes the message of standard input, signed by selector "s" of DOMAIN with "rsa-sha256" or
"rsa-sha1", to standard output, and the TXT record of the key to FILE.
"""
import base64
import pathlib
import subprocess
import sys

import dkim


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout


def main(domain, algorithm, record):
    private = openssl("genrsa", "1024")
    public = openssl("rsa", "-pubout", "-outform", "DER", data=private)
    pathlib.Path(record).write_bytes(b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))
    message = sys.stdin.buffer.read()
    signature = dkim.sign(message, b"s", domain.encode(), private,
                          canonicalize=(b"relaxed", b"relaxed"),
                          signature_algorithm=algorithm.encode())
    sys.stdout.buffer.write(signature + message)


if __name__ == "__main__":
    main(*sys.argv[1:])
