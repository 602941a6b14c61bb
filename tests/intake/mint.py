#!/usr/bin/env python3
"""Mints a return path from the README's format alone, as a sender's own code would.

mint.py open|sealed DOMAIN KEY_ID SECRET STREAM REFERENCE YYYY-MM-DD RECIPIENT
"""
import base64
import hashlib
import hmac
import sys
from datetime import date


def base32(octets, characters):
    return base64.b32encode(octets).decode().lower()[:characters]


def keyed_hash(secret, label, *fields):
    message = label.encode() + b"\0"
    for field in fields:
        message += len(field.encode()).to_bytes(2, "big") + field.encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


form, domain, key_id, secret, stream, reference, issued, recipient = sys.argv[1:]
days = (date.fromisoformat(issued) - date(2020, 1, 1)).days
day = base32((days << 1).to_bytes(2, "big"), 3)
hashed = base32(keyed_hash(secret, "bounced recipient 1", recipient), 16)
signed = recipient if form == "open" else hashed
mac = base32(keyed_hash(secret, "bounced return path mac 1", form, domain, key_id, stream,
                        reference, day, signed), 12)
head = f"{key_id}-{stream}-{reference}-{day}"
if form == "open":
    print(f"bo-{head}{mac}-{'='.join(recipient.rsplit('@', 1))}@{domain}")
else:
    print(f"bs-{head}{hashed}{mac}@{domain}")
