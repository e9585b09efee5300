"""Prints every response and contact of a Qualtrics account, one line of JSON each, with nothing but requests.

A client of the sandbox that is not this project's: it knows the address of a data center and an API token, and finds the
sandbox because HTTPS_PROXY and REQUESTS_CA_BUNDLE lead there. Against an account it would do the same without the two.

  python requests_export.py iad1 < token
"""

import io
import json
import sys
import time
import zipfile

import requests

base = f"https://{sys.argv[1]}.qualtrics.com/API/v3"
session = requests.Session()
session.headers["X-API-TOKEN"] = sys.stdin.readline().strip()


def call(method, url, **body):
    """Makes a call, again while there is hope, and returns the answer; None where the account has no right."""
    for attempt in range(8):
        try:
            answer = session.request(method, url, timeout=60, **body)
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            print(f"again, after {type(error).__name__}", file=sys.stderr)
            continue
        if answer.status_code == 403:
            return None
        if answer.status_code != 429 and answer.status_code < 500:
            answer.raise_for_status()
            return answer
        print(f"again, after {answer.status_code}", file=sys.stderr)
        time.sleep(float(answer.headers.get("Retry-After", 0.1 * 2**attempt)))
    raise SystemExit(f"{method} {url} fails")


def pages(url):
    while url:
        result = call("GET", url).json()["result"]
        yield from result["elements"]
        url = result["nextPage"]


def responses(survey):
    exports = f"{base}/surveys/{survey}/export-responses"
    job = call("POST", exports, json={"format": "ndjson", "sortByLastModifiedDate": True})
    if job is None:
        print(f"no right to export {survey}", file=sys.stderr)
        return
    progress = job.json()["result"]
    poll = f"{exports}/{progress['progressId']}"
    while progress["status"] == "inProgress":
        time.sleep(0.05)
        progress = call("GET", poll).json()["result"]
    if progress["status"] != "complete":
        print(f"again, after a failed export of {survey}", file=sys.stderr)
        yield from responses(survey)
        return
    archive = zipfile.ZipFile(io.BytesIO(call("GET", f"{exports}/{progress['fileId']}/file").content))
    for line in archive.read(archive.namelist()[0]).splitlines():
        if line.strip() and (record := json.loads(line)):
            yield record


for survey in pages(f"{base}/surveys"):
    for record in responses(survey["id"]):
        row = {"survey_id": survey["id"], "response_id": record["responseId"]}
        print(json.dumps({**row, "last_modified_date": record["values"]["_lastModifiedDate"]}))
for directory in pages(f"{base}/directories"):
    for contact in pages(f"{base}/directories/{directory['directoryId']}/contacts"):
        print(json.dumps({"directory_id": directory["directoryId"], "contact_id": contact["contactId"]}))
