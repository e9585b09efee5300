"""Prints the responses of a Qualtrics account as two published packages read them from CSV exports, one line of JSON each.

Both know the address of a data center and an API token, and find the sandbox because HTTPS_PROXY, REQUESTS_CA_BUNDLE and
SSL_CERT_FILE lead there.

  python tables_export.py iad1 < token
"""

import csv
import io
import json
import sys
import tempfile
import zipfile

from qualtrics.api import QualtricsClient
from qualtrics.api.models import ResponseExportRequest
from QualtricsAPI.Setup import Credentials
from QualtricsAPI.Survey import Responses
from QualtricsAPI.Users import Surveys

center, token = sys.argv[1], sys.stdin.readline().strip()


def tell(package, survey, response, nps):
    print(json.dumps({"package": package, "survey_id": survey, "response_id": response, "nps": nps}))


Credentials().qualtrics_api_credentials(token=token, data_center=center)
for survey in Surveys().list_user_surveys()["id"]:
    table = Responses().get_survey_responses(survey=survey)
    # The package leaves the second and third header row among the rows.
    imports = {column: json.loads(table[column].iloc[1])["ImportId"] for column in table.columns}
    nps = [column for column, key in imports.items() if key == "QID18"]
    for _, row in table.iloc[2:].iterrows():
        tell("QualtricsAPI", survey, row["ResponseId"], str(row[nps[0]]) if nps else None)

with QualtricsClient(token, data_center=center) as client:
    for survey in client.surveys.iter():
        exported = client.responses.export(
            survey.id, tempfile.mkdtemp(), options=ResponseExportRequest(use_labels=True), poll_interval=0.05
        )
        with zipfile.ZipFile(exported.path) as archive, archive.open(archive.namelist()[0]) as file:
            tags, _, imports, *rows = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""))
        keys = [json.loads(text)["ImportId"] for text in imports]
        for row in rows:
            nps = row[keys.index("QID18")] if "QID18" in keys else None
            tell("qualtrics", survey.id, row[tags.index("ResponseId")], nps)
