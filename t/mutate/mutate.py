#!/usr/bin/env python3
"""mutate.py: do the tests notice?

A sample of small mistakes (a comparison turned round, a condition negated, a
failure returned as success, a statement left out) is made in lib and bin, one
at a time, in a copy of the tree; what t/mutate/tests names for the room is run
on each, until one fails that passes without the mistake.  A mutant that passes
all of them has survived: it is printed, unless t/mutate/survivors says why that
is right.  Memory and descriptors that are not given back are the sanitizers' to
find.

Environment: MUTANTS (60), SEED (1), JOBS (2).  Exits with 1 if there is a
survivor without a sentence.  The last line is "mutate: key=value ...".
"""
import functools
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
COPY = TOP / 'build/mutate/copy'
SOUND = TOP / 'build/mutate/sound'	# without a mistake
JOBS = os.environ.get('JOBS', '2')
LIMIT = 300			# seconds: who takes longer is noticed, too
UNIT_LIMIT = 60

SWAPS = [('==', '!='), ('!=', '=='), ('<=', '<'), ('>=', '>'), ('&&', '||'),
         ('||', '&&'), (' + 1', ''), (' - 1', ''), (' < ', ' <= '),
         (' > ', ' >= '), ('return 0;', 'return -1;'),
         ('return -1;', 'return 0;'), ('return 1;', 'return 0;'),
         ('rc = 0;', 'rc = -1;'), (' += ', ' -= '), ('++;', ';')]
# What is only given back: sanitizers see that it is not.
GIVES_BACK = re.compile(r'(free|close|closedir|destroy|wipe|cleanup)\(')
STATEMENT = re.compile(r'^\t+[a-z_>.\[\]-]+(\(.*\)| [|&+-]?= .*);$')


def mutants(path):
    """[(line number, the line, the mistake)] of a file."""
    found = []
    lines = path.read_text().splitlines()
    inside = False
    for i, line in enumerate(lines):
        inside = line != '}' and (inside or line == '{')
        code = re.sub(r'"(\\.|[^"\\])*"|/\*.*', lambda m: ' ' * len(m[0]), line)
        if not inside or not line.startswith('\t') or '*/' in line:
            continue
        if line.strip().startswith(('*', '/*', 'assert', 'static ', 'const ')):
            continue
        for old, new in SWAPS:
            at = code.find(old)
            if at != -1:
                found.append((i, line, line[:at] + new + line[at + len(old):]))
        if STATEMENT.match(line) and ' *' not in code and \
                not GIVES_BACK.search(code):
            found.append((i, line, re.match(r'\t+', line)[0] + ';'))
        opened = re.match(r'^(\t+(?:else )?if \()(.*)\)$', line)
        if opened and code.count('(') == code.count(')'):
            found.append((i, line, f'{opened[1]}!({opened[2]}))'))
    return found


def sample(number, seed):
    chance = random.Random(seed)
    every = [(path, *mutant) for room in ('lib', 'bin')
             for path in sorted((TOP / room).rglob('*.c'))
             if 'sandbox' not in path.parts	# elsewhere there is none
             for mutant in mutants(path)]
    return chance.sample(every, min(number, len(every))), len(every)


def killers(path):
    """What t/mutate/tests has for path: the most exact of its globs."""
    fitting = []
    for line in (TOP / 't/mutate/tests').read_text().splitlines():
        if line and not line.startswith('#'):
            glob, *tests = line.split()
            if path.match(glob):
                fitting.append((len(glob), tests))
    return max(fitting)[1]


def run(tree, *args, limit=LIMIT):
    job = subprocess.Popen(args, cwd=tree, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return job.wait(timeout=limit) == 0
    except subprocess.TimeoutExpired:
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        return False


def make(tree, target):
    return run(tree, 'make', '-s', '-j' + JOBS, target)


def passes(tree, test):
    # nohup and such ignore signals that the tests send
    if test.endswith('.t'):
        return make(tree, test) and run(tree, 'env', '--default-signal', test,
                                        limit=UNIT_LIMIT)
    return run(tree, 'env', '--default-signal', f'BK_BIN={tree}/build/bin', 'sh', '-c',
               f'PATH={tree}/build/bin:$PATH bats {test}')


@functools.cache
def is_sound(test):
    sound = passes(SOUND, test)
    if not sound:
        print(f'{test} fails, and says nothing', flush=True)
    return sound


def verdict(tests):
    """What the mutant in COPY is; none: the compiler refuses it."""
    if not make(COPY, 'all'):
        return 'none'
    for test in tests:
        if not passes(COPY, test) and is_sound(test):
            return 'killed'
    return 'survived'


def clone(tree):
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(['git', 'clone', '-q', TOP, tree], check=True)
    if not make(tree, 'all'):
        sys.exit(f'{tree}: does not build')


def main():
    number = int(os.environ.get('MUTANTS', '60'))
    seed = int(os.environ.get('SEED', '1'))
    known = (TOP / 't/mutate/survivors').read_text().splitlines()
    known = {tuple(line.split('\t')[:3]) for line in known if '\t' in line}
    count = {'killed': 0, 'survived': 0, 'none': 0}
    bare = 0
    clone(COPY)
    clone(SOUND)
    chosen, every = sample(number, seed)
    for path, i, line, mistake in chosen:
        name = path.relative_to(TOP)
        lines = path.read_text().splitlines()
        lines[i] = mistake
        (COPY / name).write_text('\n'.join(lines) + '\n')
        what = verdict(killers(name))
        shutil.copyfile(path, COPY / name)
        count[what] += 1
        print(f'# {what}: {name}:{i + 1}', flush=True)
        key = (str(name), line.strip(), mistake.strip())
        if what == 'survived' and key not in known:
            bare += 1
            print('\t'.join(key), f'\t(line {i + 1})', flush=True)
    made = count['killed'] + count['survived']
    print(f'mutate: of={every} mutants={made} killed={count["killed"]} '
          f'survived={count["survived"]} unexplained={bare} '
          f'score={100 * count["killed"] // max(made, 1)}% seed={seed}')
    return bare > 0


sys.exit(main())
