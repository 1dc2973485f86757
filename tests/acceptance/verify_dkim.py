"""Verifies every DKIM signature of the mails in a folder with dkimpy, and tells what each of them is, as JSON.

The records come from a file instead of the name service: {"selector._domainkey.domain.": "v=DKIM1; ..."}."""

import json
import pathlib
import re
import sys

import dkim
import nacl  # dkimpy needs it for Ed25519 and says nothing if it is missing

records = json.loads(pathlib.Path(sys.argv[1]).read_text())


def lookup(name, timeout=5):
    text = name.decode() if isinstance(name, bytes) else name
    return records[text.rstrip(".") + "."].encode()


def tags(header):
    return dict(re.findall(r"(\w+)=([^;]*)", re.sub(r"\s", "", header)))


def verify(raw, at):
    try:
        return dkim.DKIM(raw, minkey=2048).verify(at, dnsfunc=lookup)
    except dkim.DKIMException as problem:
        return str(problem)


def read(mail):
    raw = re.sub(rb"\r?\n", b"\r\n", mail)
    message = dkim.DKIM(raw, minkey=2048)
    signatures = [value.decode() for name, value in message.headers if name.lower() == b"dkim-signature"]
    verified = [verify(raw, at) for at in range(len(signatures))]
    # A letter that is changed, or an address that is added to the header, must not verify.
    changed = [
        verify(other, at)
        for at in range(len(signatures))
        for other in (raw.replace(b"Subject: ", b"Subject: x", 1), raw + b"x\r\n", b"From: evil@example.com\r\n" + raw)
    ]
    return {
        "to": [value.decode().strip() for name, value in message.headers if name.lower() == b"to"][0],
        "verified": verified,
        "changed": changed,
        "tags": [tags(signature) for signature in signatures],
    }


print(json.dumps({"mails": [read(path.read_bytes()) for path in sorted(pathlib.Path(sys.argv[2]).iterdir())]}))
