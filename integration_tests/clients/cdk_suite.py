"""Airbyte's standard tests of a source, run against the source-qualtrics of the PATH.

They exist for sources in Python, which they call within their process, and for images, which they run with docker. Here
the process's part starts the program instead, and docker.py stands in for docker.
"""

import subprocess

from airbyte_cdk.test import entrypoint_wrapper
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase


def run_program(source, args, expected_outcome=None):
    command = ["source-qualtrics", *args]
    end = subprocess.run(command, capture_output=True, text=True)
    failure = subprocess.CalledProcessError(end.returncode, command, end.stdout, end.stderr) if end.returncode else None
    return entrypoint_wrapper.EntrypointOutput(
        command=command, messages=end.stdout.splitlines(), stderr=end.stderr, uncaught_exception=failure
    )


entrypoint_wrapper._run_command = run_program


class Program:
    def spec(self, logger):
        raise NotImplementedError("the program is run, not called")


class TestSourceQualtrics(SourceTestSuiteBase):
    @classmethod
    def create_connector(cls, scenario):
        return Program()
