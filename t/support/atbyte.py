#!/usr/bin/env python3
"""atbyte.py BYTES COMMAND [ARGUMENT ...]

Copies standard input to standard output.  When BYTES bytes have passed, runs
COMMAND to its end and then passes on the rest: so something happens to a
pipeline at a moment that depends on the data and not on a clock.  What
COMMAND says and whether it succeeds does not matter.  Ends like cat.
"""
import os
import subprocess
import sys


def copy(limit):
    """Copy limit bytes (None: all); False at the end of the input."""
    while limit is None or limit > 0:
        data = os.read(0, 65536 if limit is None else min(65536, limit))
        if not data:
            return False
        if limit is not None:
            limit -= len(data)
        while data:
            data = data[os.write(1, data):]
    return True


try:
    if copy(int(sys.argv[1])):
        subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        copy(None)
except BrokenPipeError:
    sys.exit(1)
