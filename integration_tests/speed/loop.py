"""The shortest program that delivers the responses of an export as lines, to compare with."""

import io
import json
import sys
import urllib.request
import zipfile

url = sys.argv[1] + "/API/v3/surveys/SV_0123456789abcde/export-responses"


def call(path, body=None):
    with urllib.request.urlopen(urllib.request.Request(url + path, body)) as answer:
        return answer.read()


job = json.loads(call("", b'{"format":"ndjson"}'))["result"]["progressId"]
file = json.loads(call("/" + job))["result"]["fileId"]
with zipfile.ZipFile(io.BytesIO(call(f"/{file}/file"))) as archive:
    with archive.open(archive.namelist()[0]) as lines:
        for line in lines:
            record = json.loads(line)
            sys.stdout.write(json.dumps({"type": "RECORD", "record": {"stream": "responses", "data": record}}) + "\n")
