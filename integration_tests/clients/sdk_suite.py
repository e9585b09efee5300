"""The tests that Meltano's SDK has for taps, run on a tap that is a program.

The program is tap-qualtrics, its configuration the file that TAP_CONFIG names.
"""

import json
import os
import subprocess
import tempfile

from singer_sdk import Stream, Tap
from singer_sdk.testing import SuiteConfig, get_tap_test_class


def run(*arguments):
    command = ["tap-qualtrics", "--config", os.environ["TAP_CONFIG"], *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def selected(entry):
    """Whether the catalog selects a stream that the user does not name."""
    return all(each["metadata"].get("selected-by-default", True) for each in entry["metadata"] if not each["breadcrumb"])


class ProgramStream(Stream):
    def __init__(self, tap, entry):
        super().__init__(tap, name=entry["tap_stream_id"], schema=entry["schema"])
        self.primary_keys = entry["key_properties"]
        self.replication_key = entry.get("replication_key")

    def get_records(self, context):
        raise NotImplementedError


class Program(Tap):
    name = "tap-qualtrics"
    config_jsonschema = {"type": "object", "properties": {}}

    def __init__(self, *arguments, catalog=None, **options):
        super().__init__(*arguments, **options)
        if catalog is not None:  # it printed it itself
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(catalog, file)
                file.flush()
                tried = run("--catalog", file.name, "--test=schema")
            assert tried.count('{"type":"SCHEMA"') == len([entry for entry in catalog["streams"] if selected(entry)])

    @classmethod
    def print_version(cls, *_):
        print(run("--version"))

    @classmethod
    def print_about(cls, output_format="text"):
        print(run("--about", "--format", output_format or "text"))

    @property
    def catalog_dict(self):
        return json.loads(run("--discover"))

    def run_discovery(self):
        print(text := run("--discover"))
        return text

    def discover_streams(self):
        return [ProgramStream(self, entry) for entry in self.catalog_dict["streams"]]

    def run_connection_test(self):
        messages = [json.loads(line) for line in run("--test").splitlines()]
        given = {message["stream"] for message in messages if message["type"] == "RECORD"}
        # One record of each feed: questions and choices are of one. The others tell of
        # runs, of which this is none, and of deletions.
        assert given - {"question_choices"} == {
            "surveys", "responses", "contacts", "directories", "mailing_lists", "mailing_list_memberships", "questions",
        }
        return True

    def run_sync_dry_run(self, dry_run_record_limit=None, streams=None):
        print(run())
        return True


# Nothing was deleted before the first read, and some streams are not selected by default.
EMPTY = ["response_deletions"] + [
    entry["tap_stream_id"] for entry in json.loads(run("--discover"))["streams"] if not selected(entry)
]

TestProgram = get_tap_test_class(
    Program,
    config={},
    suite_config=SuiteConfig(max_records_limit=None, ignore_no_records_for_streams=EMPTY),
)
