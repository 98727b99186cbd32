#!/usr/bin/env python3
"""kill_rounds.py [--rounds N] [--seed N] [--jobs N] [--kinds KIND,...]

Kills a stage of a pipeline, or all of them at once, and looks at what is left.

  s3       bk-dump | bk-gz | bk-crypt | bk-s3put, a single request
  parts    the same of a larger database, in parts
  save     bk-dump | bk-gz | bk-crypt | bk-save
  restore  bk-s3get | bk-crypt -d | bk-gz -d | bk-restore --replace

The moment is uniform over the life of that pipeline, which is measured and kept
up to date.  After each kill: an object or a file is there only if it is whole
(bk-verify reads it back), and under its own name; a stage that fails says so in
one line; the target of a restore is the old database or the new one.  What a
kill leaves behind must be gone after the next run that is not killed.

Works in the current directory, on the server of PG* (databases shop and big)
and the bucket "backups" of AWS_*; BK_RECIPIENTS and BK_IDENTITY are the keys.
The last line is the summary; status 1 if there was a violation.
"""
import argparse
import collections
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import os
import random
import re
import signal
import statistics
import subprocess
import threading
import time
import urllib.parse

PATIENCE = 60           # seconds after which a pipeline hangs
DECILES = 10
BUCKET = 'backups'
LOOKS = 'kill_rounds'   # our own sessions, which end after psql has


# --- the store, looked at without the tools under test

def s3(method, path, query=''):
    """A signed request (AWS Signature Version 4); its status and answer."""
    url = urllib.parse.urlsplit(os.environ['AWS_ENDPOINT_URL'])
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime('%Y%m%dT%H%M%SZ'), now.strftime('%Y%m%d')
    scope = f'{day}/{os.environ["AWS_REGION"]}/s3/aws4_request'
    body = hashlib.sha256(b'').hexdigest()
    names = 'host;x-amz-content-sha256;x-amz-date'
    canonical = '\n'.join([method, path, query, f'host:{url.netloc}',
                           f'x-amz-content-sha256:{body}',
                           f'x-amz-date:{stamp}', '', names, body])
    text = '\n'.join(['AWS4-HMAC-SHA256', stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ('AWS4' + os.environ['AWS_SECRET_ACCESS_KEY']).encode()
    for part in scope.split('/'):
        key = hmac.digest(key, part.encode(), 'sha256')
    signature = hmac.digest(key, text.encode(), 'sha256').hex()
    connection = http.client.HTTPConnection(url.netloc, timeout=PATIENCE)
    connection.request(method, path + ('?' + query if query else ''), headers={
        'x-amz-content-sha256': body, 'x-amz-date': stamp, 'authorization':
        f'AWS4-HMAC-SHA256 Credential={os.environ["AWS_ACCESS_KEY_ID"]}/'
        f'{scope}, SignedHeaders={names}, Signature={signature}'})
    answer = connection.getresponse()
    status, text = answer.status, answer.read().decode('latin-1')
    connection.close()
    return status, text


def s3_keys(prefix=''):
    status, text = s3('GET', '/' + BUCKET, 'list-type=2&prefix=' + prefix)
    if status != 200:
        raise RuntimeError(f'listing: {status}')
    return re.findall('<Key>([^<]*)', text)


def s3_uploads():
    return s3('GET', '/' + BUCKET, 'uploads=')[1].count('<Upload>')


def sql(query, database='postgres'):
    """The rows' lines; None if the database cannot be connected to."""
    done = subprocess.run(['psql', '-XAtq', '-d', database, '-c', query],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, env=dict(os.environ, PGAPPNAME=LOOKS))
    return done.stdout.splitlines() if done.returncode == 0 else None


# --- pipelines

class Round:
    """One run of a pipeline, with a kill in it unless moment is None."""

    def __init__(self, commands, where, victim, moment):
        self.names = [c[0] for c in commands]
        self.err = [f'{where}/{i}.err' for i in range(len(commands))]
        self.victim, self.moment = victim, moment
        self.hung = False
        self.run(commands)

    def start(self, commands):
        stdin, processes = subprocess.DEVNULL, []
        for i, command in enumerate(commands):
            last = i == len(commands) - 1
            read, write = (None, None) if last else os.pipe()
            with open(self.err[i], 'wb') as err:
                processes.append(subprocess.Popen(
                    command, stdin=stdin, stderr=err, start_new_session=True,
                    stdout=subprocess.DEVNULL if last else write))
            for fd in (stdin, write):
                if fd is not None and fd != subprocess.DEVNULL:
                    os.close(fd)
            stdin = read
        return processes

    def run(self, commands):
        began = time.monotonic()
        processes = self.start(commands)
        if self.moment is not None:
            time.sleep(max(0, began + self.moment - time.monotonic()))
            self.kill(processes)
        self.status = []
        for p in processes:
            try:
                self.status.append(p.wait(PATIENCE))
            except subprocess.TimeoutExpired:
                self.hung = True
                os.killpg(p.pid, signal.SIGKILL)
                self.status.append(p.wait())
        self.seconds = time.monotonic() - began

    def kill(self, processes):
        """
        The first of the victims that is still alive; or all stages, with their
        children, as when power fails.
        """
        if self.victim != 'all':
            alive = [i for i in self.victim if processes[i].poll() is None]
            if alive:
                processes[alive[0]].kill()
                self.victim = alive[0]
            return
        for p in processes:
            if p.poll() is None:
                try:
                    os.killpg(p.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    @property
    def hit(self):
        return -signal.SIGKILL in self.status

    def said(self, i):
        with open(self.err[i], encoding='utf-8', errors='replace') as f:
            return f.read().splitlines()

    def is_busy(self, i, status):
        """The server goes on for a moment with what a killed one asked for."""
        return status == 5 and self.names[i] == 'bk-restore'

    def complaints(self):
        """What is wrong about how the stages ended, whatever is left."""
        wrong = ['a stage hangs'] if self.hung else []
        for i, status in enumerate(self.status):
            lines = self.said(i)
            if status == -signal.SIGKILL:
                continue
            if status not in (0, 1, 3) and not self.is_busy(i, status):
                wrong.append(f'{self.names[i]}: status {status}')
            if status == 0 and lines:
                wrong.append(f'{self.names[i]}: done, and says {lines}')
            if status == 3 and len(lines) != 1 or len(lines) > 1:
                wrong.append(f'{self.names[i]}: {status}, not in one line: '
                             f'{lines}')
        if not self.hit and any(self.status) and self.status[-1] != 5:
            wrong.append('nobody was killed, and it failed')
        return wrong


def whole(command):
    """bk-verify proves what command writes."""
    return subprocess.run(
        ['bash', '-o', 'pipefail', '-c', command + ' | bk-verify -q'],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL).returncode == 0


def dump(database):
    return [['bk-dump', '-q', '-j1', database], ['bk-gz', '-1', '-j1'],
            ['bk-crypt']]


class ToS3:
    database, more = 'shop', []

    def commands(self, place):
        self.key = f'{place.name}-{place.n}'
        return dump(self.database) + [
            ['bk-s3put', '-q', '--retry-for', '10s'] + self.more +
            [f's3://{BUCKET}/{self.key}']]

    def judge(self, r, place):
        keys, wrong = s3_keys(place.name + '-'), []
        # who was killed may have sent all there was: it arrives later
        others = [k for k in keys if k != self.key]
        if others and others != [place.sent]:
            wrong.append(f'other objects: {others}')
        place.sent = self.key if r.status[-1] == -signal.SIGKILL else None
        if r.status[-1] == 0 and self.key not in keys:
            wrong.append('stored, and no object')
        if r.status[-1] > 0 and self.key in keys:
            wrong.append('not stored, and an object')
        for key in keys:
            if not whole(f'bk-s3get -q s3://{BUCKET}/{key}'):
                wrong.append(f'an object that is not whole: {key}')
            s3('DELETE', f'/{BUCKET}/{key}')
        return wrong, self.key in keys


class ToS3InParts(ToS3):
    database, more = 'big', ['--part-size', '5M']


class ToFile:
    def commands(self, place):
        self.name = f'{place.n}.bk'
        os.makedirs(place.dir + '/d', exist_ok=True)
        return dump('shop') + [['bk-save', '-q', f'{place.dir}/d/{self.name}']]

    def judge(self, r, place):
        files, wrong = os.listdir(place.dir + '/d'), []
        left = [f for f in files if f.startswith('.bk-save.')]
        others = [f for f in files if f != self.name and f not in left]
        there = self.name in files
        if others:
            wrong.append(f'other files: {others}')
        if r.status[-1] == 0 and not there:
            wrong.append('stored, and no file')
        if r.status[-1] > 0 and there:
            wrong.append('not stored, and a file')
        if r.status[-1] != -signal.SIGKILL and left:
            wrong.append(f'not swept: {left}')
        if there:
            if not whole(f'cat {place.dir}/d/{self.name}'):
                wrong.append('a file that is not whole')
            os.unlink(f'{place.dir}/d/{self.name}')
        return wrong, there


class Restore:
    """Two dumps, by turns: what is in the target tells which it is."""

    def commands(self, place):
        self.target = 'to_' + re.sub('[^a-z0-9]', '_', place.name)
        self.new = place.turn = 3 - getattr(place, 'turn', 1)
        self.old = getattr(place, 'holds', [])
        return [['bk-s3get', '-q', f's3://{BUCKET}/source{self.new}'],
                ['bk-crypt', '-d'], ['bk-gz', '-d', '-j1'],
                ['bk-restore', '-q', '-j1', '--any-space', '--replace',
                 self.target, self.target]]

    def judge(self, r, place):
        wrong = []
        found = sql('SELECT v, (SELECT count(*) FROM a), (SELECT count(*) '
                    'FROM pg_indexes WHERE schemaname = $$public$$) FROM '
                    'version', self.target) or []
        new = [f'{self.new}|300|1']
        if found not in ([new] if r.status[-1] == 0 else [new, self.old]):
            wrong.append(f'target holds {found}, had {self.old}')
        if r.status[-1] > 0 and found == new != self.old:
            wrong.append('not restored, and it is the new one')
        place.holds = found
        others = [d for d in sql('SELECT datname FROM pg_database WHERE '
                                 f"datname LIKE '{self.target}%'")
                  if d != self.target and '_before_' not in d]
        if others and r.status[-1] == 0:
            wrong.append(f'not swept: {others}')
        self.tidy(place)
        return wrong, found == new and found != self.old

    def tidy(self, place):
        """Now and then: what was set aside."""
        if place.n % 8 == 0:
            subprocess.run(['bk-restore', '-q', '--drop-old', self.target],
                           stdin=subprocess.DEVNULL, capture_output=True)


KINDS = {'s3': ToS3, 'parts': ToS3InParts, 'save': ToFile, 'restore': Restore}
MIX = ['s3'] * 8 + ['save'] * 8 + ['parts'] + ['restore'] * 3


class Place:
    """What one worker has for itself."""

    def __init__(self, worker, kind):
        self.name = f'{kind}{worker}'
        self.dir = os.path.abspath(self.name)
        self.n = 0
        self.sent = None
        os.makedirs(self.dir, exist_ok=True)


class Torture:
    def __init__(self, args):
        self.args = args
        self.kinds = args.kinds.split(',')
        self.mix = [k for k in MIX if k in self.kinds]
        self.lock = threading.Lock()
        self.lives = {k: collections.deque(maxlen=9) for k in self.kinds}
        self.local = threading.local()
        self.workers = iter(range(1000))
        self.spread = {k: [0] * DECILES for k in self.kinds}
        self.hits, self.stored = collections.Counter(), collections.Counter()
        self.violations = self.done = 0
        # what may be left, of those killed here or before
        self.uploads = s3_uploads() if {'s3', 'parts'} & set(self.kinds) else 0

    def place(self, kind):
        if not hasattr(self.local, 'places'):
            with self.lock:
                worker = next(self.workers)
            self.local.places = {k: Place(worker, k) for k in self.kinds}
        return self.local.places[kind]

    def one(self, kind, victim, moment):
        place, job = self.place(kind), KINDS[kind]()
        place.n += 1
        r = Round(job.commands(place), place.dir, victim, moment)
        wrong, there = job.judge(r, place)
        wrong += r.complaints()
        with self.lock:
            if not r.hit:
                self.lives[kind].append(r.seconds)
            if wrong:
                self.violations += 1
                print(f'VIOLATION: {kind}, {r.victim} at '
                      f'{moment}: {"; ".join(wrong)}; statuses {r.status}; '
                      f'{[r.said(i) for i in range(len(r.err))]}', flush=True)
        return r, there

    def life(self, kind):
        with self.lock:
            return statistics.median(self.lives[kind])

    def measure(self, kind):
        """As many at once as later; and a place's first restore."""
        try:
            self.one(kind, None, None)
        except Exception as e:
            self.failed(f'{kind}: {e!r}')

    def failed(self, what):
        with self.lock:
            self.violations += 1
        print(f'VIOLATION: {what}', flush=True)

    def round(self, n):
        dice = random.Random(f'{self.args.seed}:{n}')
        kind = dice.choice(self.mix)
        victim = 'all' if dice.random() < 0.2 else dice.sample(range(4), 4)
        at = dice.random()
        try:
            if kind == 'restore' and not hasattr(self.place(kind), 'holds'):
                self.one(kind, None, None)
            r, there = self.one(kind, victim, at * self.life(kind))
        except Exception as e:
            self.failed(f'round {n}, {kind}: {e!r}')
            return
        with self.lock:
            self.done += 1
            self.hits[r.victim if r.hit else 'late'] += 1
            self.stored[there] += 1
            self.uploads += kind == 'parts' and r.hit and r.victim in (3, 'all')
            if r.hit:
                self.spread[kind][int(at * DECILES)] += 1
            if self.done % 500 == 0:
                print(f'# {self.done} rounds', flush=True)

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            for kind in self.kinds:
                list(pool.map(self.measure, [kind] * self.args.jobs))
            list(pool.map(self.round, range(self.args.rounds)))
            for kind in self.kinds:
                list(pool.map(self.measure, [kind] * self.args.jobs))

    def left_over(self):
        """What no run since has swept, and none may be there any more."""
        if {'s3', 'parts'} & set(self.kinds):
            keys = [k for k in s3_keys() if not k.startswith('source')]
            if keys:
                self.failed(f'objects at the end: {keys}')
            if s3_uploads() > self.uploads:
                self.failed(f'{s3_uploads()} unfinished uploads, of '
                            f'{self.uploads} that were killed')
            subprocess.run(f'bk-s3ls --uploads s3://{BUCKET}/ | bk-s3rm',
                           shell=True, capture_output=True)
            if s3_uploads():
                self.failed('uploads that bk-s3rm did not abort')
        end = time.monotonic() + 30
        sessions = "SELECT pid, application_name, state, wait_event, " \
            "left(query, 80) FROM pg_stat_activity WHERE " \
            f"backend_type = 'client backend' AND application_name <> '{LOOKS}'"
        while (left := sql(sessions)) and time.monotonic() < end:
            time.sleep(0.1)
        if left:
            self.failed(f'sessions at the end: {left}')

    def report(self):
        for kind in self.kinds:
            print(f'# {kind}: life {self.life(kind) * 1000:.0f} ms; hits by '
                  f'tenth of it: {" ".join(map(str, self.spread[kind]))}')
        kills = sum(v for k, v in self.hits.items() if k != 'late')
        print('# victims: ' + ', '.join(
            f'{k} {self.hits[k]}' for k in (0, 1, 2, 3, 'all')) +
            f'; {self.hits["late"]} rounds were over before')
        print(f'kills: runs={self.done} right={self.stored[True]} '
              f'refused={self.stored[False]} violations={self.violations} '
              f'kills={kills} late={self.hits["late"]} '
              f'unfinished={self.violations} seed={self.args.seed}')
        return 1 if self.violations or self.done != self.args.rounds else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--rounds', type=int, default=100)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--jobs', type=int, default=2 * (os.cpu_count() or 1))
    p.add_argument('--kinds', default='s3,parts,save,restore')
    t = Torture(p.parse_args())
    t.run()
    t.left_over()
    return t.report()


if __name__ == '__main__':
    raise SystemExit(main())
