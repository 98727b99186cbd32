#!/usr/bin/env python3
"""paired.py [option ...] ROUNDS LABEL COMMAND [LABEL COMMAND ...]

Times shell commands against each other.  Each round runs every command once,
each round beginning with another one, so that a machine that grows slower or
busier in the meantime does so for all of them.  What is compared is therefore
the ratio within a round; the table shows the median of these ratios against
the first LABEL's command.

wall   by the monotonic clock, median and (minimum), seconds
CPU    user + system of the command and everything it started, median, seconds

Commands run under  bash -o pipefail -c.  One that fails ends it all with 1
and its standard error.

  --pid PID         add the CPU that the process tree of PID used meanwhile:
                    a database server, say.  May be given several times
  --targets CHECK   'LABEL:cpu<=0.45', also wall and >=: print whether the
                    ratio met it.  No effect on the exit status
"""
import ctypes
import os
import re
import statistics
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
GRACE = 0.5     # seconds for what a command leaves behind, e.g. >(gzip >x)
TICK = os.sysconf('SC_CLK_TCK')


def usage(why):
    sys.exit('paired.py: %s; see paired.py --help' % why)


def proc_stats():
    """{pid: (parent, CPU seconds, reaped children's included)}"""
    found = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % pid) as f:
                field = f.read().rpartition(')')[2].split()
        except OSError:         # gone since the listing
            continue
        found[int(pid)] = int(field[1]), sum(map(int, field[11:15])) / TICK
    return found


def servers_cpu(roots):
    """CPU seconds of the process trees below roots.

    Whoever ends while they are read is in neither sum, his parent's or his
    own: the largest of a few readings is the right one.
    """
    best = 0.0
    for _ in range(3 if roots else 0):
        best = max(best, tree_cpu(roots))
        time.sleep(0.02)
    return best


def tree_cpu(roots):
    """One reading of it."""
    stats = proc_stats()
    total, todo = 0.0, [r for r in roots if r in stats]
    if len(todo) != len(roots):
        sys.exit('paired.py: --pid: no such process')
    children = {}
    for pid, (parent, _) in stats.items():
        children.setdefault(parent, []).append(pid)
    while todo:
        pid = todo.pop()
        total += stats[pid][1]
        todo += children.get(pid, [])
    return total


def run(label, command, pids):
    """Run command to its end; (wall, CPU) in seconds."""
    with tempfile.TemporaryFile() as err:
        before = servers_cpu(pids)
        start = time.monotonic()
        child = os.posix_spawnp(
            'bash', ['bash', '-o', 'pipefail', '-c', command], os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, err.fileno(), 2)])
        cpu, status, ended = 0.0, 0, None
        wall = 0.0
        while True:             # and whoever outlives the shell, but no daemon
            try:
                pid, st, use = os.wait4(-1, os.WNOHANG if ended else 0)
            except ChildProcessError:
                break
            now = time.monotonic()
            if pid == 0:
                if now - ended > GRACE:
                    break
                time.sleep(0.001)
                continue
            cpu += use.ru_utime + use.ru_stime
            wall = now - start
            if pid == child:
                status, ended = st, now
        if status:
            err.seek(0)
            sys.stderr.buffer.write(err.read())
            sys.exit('paired.py: %s: exit status %d' %
                     (label, os.waitstatus_to_exitcode(status)))
        return wall, cpu + servers_cpu(pids) - before


def check(target, ratios):
    """Print one line for 'LABEL:cpu<=0.45'."""
    m = re.fullmatch(r'(.*):(cpu|wall)(<=|>=)([0-9.]+)', target)
    if m is None or m[1] not in ratios:
        usage('--targets %s: not LABEL:cpu<=NUMBER of a LABEL here' % target)
    got, limit = ratios[m[1]][m[2] == 'cpu'], float(m[4])
    met = got <= limit if m[3] == '<=' else got >= limit
    print('target %s: %s (%.3f)' % ('met' if met else 'MISSED', target, got))


def main():
    argv, pids, targets = sys.argv[1:], [], []
    while argv and argv[0].startswith('--'):
        if argv[0] == '--help':
            print(__doc__, end='')
            return
        if argv[0] not in ('--pid', '--targets') or len(argv) < 2:
            usage('unknown option %s' % argv[0])
        if argv[0] == '--pid':
            pids.append(int(argv[1]))
        else:
            targets.append(argv[1])
        argv = argv[2:]
    if len(argv) < 3 or len(argv) % 2 == 0 or not argv[0].isdigit() or \
            int(argv[0]) < 1:
        usage('wants ROUNDS and pairs of LABEL and COMMAND')
    rounds, pairs = int(argv[0]), list(zip(argv[1::2], argv[2::2]))
    if len(dict(pairs)) != len(pairs):
        usage('a LABEL twice')
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    took = {label: [] for label, _ in pairs}
    for r in range(rounds):
        turn = r % len(pairs)
        for label, command in pairs[turn:] + pairs[:turn]:
            took[label].append(run(label, command, pids))

    first = took[pairs[0][0]]
    width = max(len(label) for label in took)
    ratios = {}
    print('%-*s  %17s  %8s  %6s  %6s' %
          (width, '', 'wall s (min)', 'CPU s', 'wall', 'CPU'))
    for label, runs in took.items():
        wall, cpu = zip(*runs)
        ratios[label] = tuple(
            statistics.median(mine[i] / max(theirs[i], 1e-6)
                              for mine, theirs in zip(runs, first))
            for i in (0, 1))
        print('%-*s  %8.3f %8s  %8.3f  %6.3f  %6.3f' %
              (width, label, statistics.median(wall), '(%.3f)' % min(wall),
               statistics.median(cpu), *ratios[label]))
    for target in targets:
        check(target, ratios)


main()
