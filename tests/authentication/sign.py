#!/usr/bin/env python3
"""Signs messages with dkimpy, and says what it thinks of them once they have changed.

usage: sign.py FOLDER

Writes FOLDER/zone, lines of a name, a tab and a TXT record; FOLDER/index, lines of a message's file,
a tab, "pass" or "fail", a tab and what was done to it; and those files. All signatures are of NOW.
"""
import base64
import pathlib
import random
import re
import subprocess
import sys
import time

import dkim
import nacl.encoding
import nacl.signing

NOW = 1700000000
DOMAIN = b"signer.example"
MUTATIONS = 20
HEADER = (b"X-Trace: from a.example by b.example; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
          b"X-Trace: from b.example\r\n\tby c.example\r\n  ; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
          b"From: Mail Delivery System <mailer-daemon@signer.example>\r\n"
          b"To: r@example.net\r\n"
          b"Subject:  Undelivered \t mail\r\n returned   to sender \t\r\n"
          b"X-Empty:\r\n"
          b"DATE:Tue, 14 Nov 2023 22:13:20 +0000\r\n")
FIELDS = [b"from", b"to", b"subject", b"date", b"x-trace", b"x-trace", b"x-trace", b"x-empty",
          b"x-absent", b"from"]
BODY = b"One  line \t of text \r\n\r\n \t\r\n.\r\n indented\tand more\r\n"
MESSAGES = {
    "plain": HEADER + b"\r\n" + BODY,
    "trailing empty lines": HEADER + b"\r\n" + BODY + b"\r\n" * 5,
    "trailing blank lines": HEADER + b"\r\n" + BODY + b" \r\n\t\r\n\r\n",
    "leading empty lines": HEADER + b"\r\n\r\n\r\n" + BODY,
    "no body": HEADER + b"\r\n",
    "no empty line": HEADER,
    "body of empty lines": HEADER + b"\r\n" * 4,
    "no final line end": HEADER + b"\r\n" + BODY + b"last",
    "8-bit": HEADER.replace(b"r@", "Jürgen <r@".encode()) + b"\r\nGr\xfc\xdfe \xe2\x82\xac\r\n",
    "control octets": HEADER + b"\r\nA\0B\x0b\x0c \x7f\r\n\r and a\rCR\r\r\n",
    "long lines": HEADER + b"X-Long: " + b"x " * 9000 + b"\r\n\r\n" + b"y  " * 9000 + b"\r\n",
    "long body": HEADER + b"\r\n" + BODY * 500,
    "bare LF": (HEADER + b"\r\n" + BODY).replace(b"\r\n", b"\n"),
    "mixed line ends": HEADER + b"\n" + BODY.replace(b"\r\n", b"\n", 2) + BODY,
    "blank fold": HEADER + b"X-Blank: a\r\n \t\r\n b\r\n\r\n" + BODY,
}
CANONICALIZATIONS = [(a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")]


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout


def make_keys(zone):
    """The private keys by their selectors, and their records."""
    keys = {}
    for bits in (1024, 2048, 4096):
        private = openssl("genrsa", str(bits))
        forms = {"": "-pubout", "-pkcs1": "-RSAPublicKey_out"}
        for suffix, form in forms.items():
            public = base64.b64encode(openssl("rsa", form, "-outform", "DER", data=private))
            selector = f"rsa{bits}{suffix}".encode()
            keys[selector] = (b"rsa-sha256", private)
            zone[selector + b"._domainkey." + DOMAIN] = b"v=DKIM1; k=rsa; p=" + public
    private = nacl.signing.SigningKey(bytes(range(32)))
    encoder = nacl.encoding.Base64Encoder
    keys[b"ed"] = (b"ed25519-sha256", private.encode(encoder))
    zone[b"ed._domainkey." + DOMAIN] = (
        b"v=DKIM1; k=ed25519; p=" + private.verify_key.encode(encoder))
    return keys


# RFC 6376, 3.4.2, says what to do with a blank before the colon. dkimpy refuses the message.
BLANK_BEFORE_COLON = re.compile(rb"^[!-9;-~]+[ \t]+:", re.MULTILINE)


def mutate(message, chance):
    lines = message.splitlines(keepends=True)
    at = chance.randrange(len(message))
    line = chance.randrange(len(lines))
    octet = bytes([chance.choice((chance.randrange(256), *b" \t\r\n;:=a"))])
    return chance.choice((
        lambda: message[:at] + octet + message[at + 1:],
        lambda: message[:at] + octet + message[at:],
        lambda: message[:at] + message[at + 1:],
        lambda: b"".join(lines[:line] + lines[line + 1:]),
        lambda: b"".join(lines[:line + 1] + lines[line:]),
        lambda: b"".join(lines[:line] + lines[line:line + 2][::-1] + lines[line + 2:]),
    ))()


def main(folder):
    time.time = lambda: NOW
    zone = {}
    keys = make_keys(zone)
    chance = random.Random(6376)
    index = []

    def opinion(message):
        try:
            good = dkim.verify(message, dnsfunc=lambda name, timeout=5: zone.get(name.rstrip(b".")))
        except Exception:  # whatever it trips over
            good = False
        return "pass" if good else "fail"

    def write(message, what):
        name = f"{len(index):05}.eml"
        (folder / name).write_bytes(message)
        index.append(f"{name}\t{opinion(message)}\t{what}\n")

    def sign(message, selector, canonicalization):
        algorithm, private = keys[selector]
        return dkim.sign(message, selector, DOMAIN, private, canonicalize=canonicalization,
                         signature_algorithm=algorithm, include_headers=FIELDS) + message

    for selector in keys:
        for canonicalization in CANONICALIZATIONS:
            write(sign(MESSAGES["plain"], selector, canonicalization), f"plain, {selector.decode()}")
    for name, message in MESSAGES.items():
        for canonicalization in CANONICALIZATIONS:
            what = f"{name}, {b'/'.join(canonicalization).decode()}"
            signed = sign(message, b"ed", canonicalization)
            write(signed, what)
            for _ in range(MUTATIONS):
                changed = mutate(signed, chance)
                if not BLANK_BEFORE_COLON.search(changed):
                    write(changed, what + ", changed")
    (folder / "index").write_text("".join(index))
    (folder / "zone").write_bytes(b"".join(n + b"\t" + t + b"\n" for n, t in zone.items()))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
