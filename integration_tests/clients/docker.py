#!/usr/bin/env python3
"""Stands in for docker where there is none: run starts the source-qualtrics of the PATH, whatever the image, with the
files that would be mounted. What it does not know it refuses.
"""

import os
import sys


def main(args):
    if args[:1] != ["run"]:
        sys.exit(f"only run is known, not {args}")
    args = args[1:]
    mounted = {}
    while args[0].startswith("-"):
        option = args.pop(0)
        if option == "--rm":
            continue
        value = args.pop(0)
        if option == "-v":
            outside, inside, *_ = value.split(":")
            mounted[inside] = outside
        elif option == "-e":
            name, _, text = value.partition("=")
            os.environ[name] = text
        else:
            sys.exit(f"the option {option} is not known")
    program = "source-qualtrics"
    os.execvp(program, [program, *(mounted.get(arg, arg) for arg in args[1:])])


main(sys.argv[1:])
