"""Reads one mail as any mail program would and tells what it understood, as JSON."""

import json
import sys
from email import policy
from email.parser import BytesParser
from email.utils import getaddresses

raw = open(sys.argv[1], "rb").read()
mail = BytesParser(policy=policy.default).parsebytes(raw)
head = raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
names = [line.split(b":", 1)[0].decode() for line in head.split(b"\n") if line[:1] not in b" \t"]
body = mail.get_body(preferencelist=("plain",))
unfolded = head.replace(b"\n ", b" ").replace(b"\n\t", b" ").decode("ascii", "replace").split("\n")

print(json.dumps({
    "subject": mail["Subject"],
    "text": body.get_content(),
    "from": [[a.display_name, a.addr_spec] for a in mail["From"].addresses],
    "to": getaddresses(mail.get_all("To")),
    "date": mail["Date"].datetime.isoformat(),
    "message_id": mail["Message-ID"],
    "headers": [name.lower() for name in names],
    "raw_from": next(line for line in unfolded if line.lower().startswith("from:")),
    "longest_line": max(len(line) for line in raw.replace(b"\r\n", b"\n").split(b"\n")),
    "bytes": len(raw),
    "defects": [repr(defect) for part in mail.walk() for defect in part.defects]
        + [f"{name}: {defect!r}" for name, value in mail.items() for defect in value.defects],
}))
