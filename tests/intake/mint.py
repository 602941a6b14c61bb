#!/usr/bin/env python3
"""Mints a return path, or an address to unsubscribe, from the README's format alone, as a sender's
own code would.

mint.py open|sealed|unsubscribe-open|unsubscribe-sealed DOMAIN KEY_ID SECRET STREAM REFERENCE YYYY-MM-DD RECIPIENT
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


kind, domain, key_id, secret, stream, reference, issued, recipient = sys.argv[1:]
is_unsubscribe = kind.startswith("unsubscribe-")
form = kind.removeprefix("unsubscribe-")
days = (date.fromisoformat(issued) - date(2020, 1, 1)).days
day = base32((days << 1).to_bytes(2, "big"), 3)
hashed = base32(keyed_hash(secret, "bounced recipient 1", recipient), 16)
signed = recipient if form == "open" else hashed
label = "bounced unsubscribe mac 1" if is_unsubscribe else "bounced return path mac 1"
mac = base32(keyed_hash(secret, label, form, domain, key_id, stream, reference, day, signed), 12)
head = f"{'u' if is_unsubscribe else 'b'}{form[0]}-{key_id}-{stream}-{reference}-{day}"
if form == "open":
    print(f"{head}{mac}-{'='.join(recipient.rsplit('@', 1))}@{domain}")
else:
    print(f"{head}{hashed}{mac}@{domain}")
