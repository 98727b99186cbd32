#!/usr/bin/env python3
"""Which lines of lib and bin have run in BUILD, made with --coverage.

usage: cover.py BUILD REASONS

A table by room, and each line that has not run and for which REASONS has none.

REASONS has a line for each reason, of three columns, separated by tabs: a
glob of paths; a glob of functions, or /regular expression/ that the source
line matches; the reason.  # begins a comment.

Exits with 1 if less than LEAST % of the lines ran, if there is a line without
a reason, or a reason that fits no line, be it one that runs by chance.
"""
import collections
import fnmatch
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile

LEAST = 95


def counts(build):
    """{(path, line): [times run, function]}, all objects together."""
    seen = {}
    notes = [str(p.resolve()) for room in ('lib', 'bin')
             for p in (build / 'obj' / room).rglob('*.gcno')]
    with tempfile.TemporaryDirectory() as into:
        subprocess.run(['gcov', '--json-format', '--hash-filenames', *notes], cwd=into,
                       check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        for result in pathlib.Path(into).glob('*.gcov.json.gz'):
            for file in json.load(gzip.open(result))['files']:
                if not file['file'].startswith(('lib/', 'bin/')):
                    continue
                for line in file['lines']:
                    at = seen.setdefault((file['file'], line['line_number']),
                                         [0, line.get('function_name', '')])
                    at[0] += line['count']
    return seen


class Reason:
    def __init__(self, text):
        self.path, self.where, self.why = text.split('\t')
        self.lines = 0

    def fits(self, path, function, source):
        if not fnmatch.fnmatch(path, self.path):
            return False
        if self.where.startswith('/'):
            return re.search(self.where.strip('/'), source) is not None
        return fnmatch.fnmatch(function, self.where)


def main():
    build, reasons = map(pathlib.Path, sys.argv[1:])
    reasons = [Reason(line) for line in reasons.read_text().splitlines()
               if line and not line.startswith('#')]
    rooms = collections.defaultdict(lambda: [0, 0])
    sources, bare, run = {}, [], []
    for (path, number), (times, function) in sorted(counts(build).items()):
        room = rooms[str(pathlib.Path(path).parent)]
        room[0] += 1
        lines = sources.setdefault(
            path, pathlib.Path(path).read_text().splitlines())
        source = lines[number - 1]
        if times:
            room[1] += 1
            run.append((path, function, source))
            continue
        fitting = [r for r in reasons if r.fits(path, function, source)]
        for reason in fitting[:1]:
            reason.lines += 1
        if not fitting:
            bare.append(f'{path}:{number}: {source.strip()}')
    idle = [r for r in reasons if not r.lines and
            not any(r.fits(*line) for line in run)]
    return report(rooms, reasons, bare, idle)


def report(rooms, reasons, bare, idle):
    print('\n'.join(bare))
    print(f'\n{"room":14} {"lines":>6} {"run":>6} {"%":>5}')
    for name, (lines, run) in sorted(rooms.items()):
        print(f'{name:14} {lines:6} {run:6} {100 * run / lines:5.1f}')
    lines, run = map(sum, zip(*rooms.values()))
    for reason in idle:
        print(f'a reason for nothing: {reason.path} {reason.where}')
    percent = 100 * run / lines
    print(f'cover: lines={lines} run={run} percent={percent:.1f} '
          f'reasons={sum(r.lines for r in reasons)} bare={len(bare)}')
    return percent < LEAST or bool(bare) or bool(idle)


sys.exit(main())
