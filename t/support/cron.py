#!/usr/bin/env python3
"""A crontab as cron reads it, for tests.

	cron.py environment FILE	its NAME=VALUE lines, quotes taken off
	cron.py commands FILE		its commands, one a line
	cron.py firings FILE YEAR	how often each fires in YEAR, and it
	cron.py collisions FILE FROM TO MINUTES
		whenever from the year FROM to TO two jobs fire in the same minute,
		or two whose command begins with bk-dump within MINUTES

Wrong lines are reported, with status 1.  Day of month and day of week are one
OR the other where both are restricted, as POSIX has it; a field that begins
with * restricts nothing.
"""
import datetime
import re
import sys

RANGES = (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)


def field(text, low, high):
    values = set()
    for item in text.split(","):
        m = re.fullmatch(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", item)
        if not m or (m[4] and m[2] and not m[3]):
            raise ValueError(f"no field of a crontab: {item}")
        first = int(m[2]) if m[2] else low
        last = int(m[3] or first) if m[2] else high
        if not low <= first <= last <= high or m[4] == "0":
            raise ValueError(f"out of range: {item}")
        values.update(range(first, last + 1, int(m[4] or 1)))
    return values


class Job:
    def __init__(self, line):
        words = line.split(None, 5)
        if len(words) != 6:
            raise ValueError(f"five fields and a command: {line}")
        if "%" in line:
            raise ValueError(f"cron eats the %: {line}")
        minutes, hours, self.days, self.months, self.weekdays = (
            field(w, *r) for w, r in zip(words, RANGES))
        self.weekdays = {d % 7 for d in self.weekdays}
        self.either = words[2][0] != "*" and words[4][0] != "*"
        self.minutes = [h * 60 + m for h in sorted(hours)
                        for m in sorted(minutes)]
        self.command = words[5]

    def on(self, day):
        month_day = day.day in self.days
        week_day = day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (
            month_day or week_day if self.either else month_day and week_day)


def read(path):
    environment, jobs = [], []
    with open(path, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            if not line or line[0] == "#":
                continue
            m = re.match(r"(\w+)\s*=\s*(.*)", line)
            if m:
                value = re.sub(r"^(['\"])(.*)\1$", r"\2", m[2])
                environment.append(f"{m[1]}={value}")
            else:
                jobs.append(Job(line))
    return environment, jobs


def days(first, last):
    day = datetime.date(first, 1, 1)
    while day.year <= last:
        yield day
        day += datetime.timedelta(1)


def collisions(jobs, first, last, apart):
    now, then, dump = -1, None, (-apart, None)
    for number, day in enumerate(days(first, last)):
        fired = sorted((minute, n) for n, job in enumerate(jobs)
                       if job.on(day) for minute in job.minutes)
        for minute, n in fired:
            minute += number * 1440
            when = f"{day} {minute % 1440 // 60:02}:{minute % 60:02}"
            if minute == now:
                print(f"{when}: {then.command}\n  and {jobs[n].command}")
            now, then = minute, jobs[n]
            if then.command.startswith("bk-dump"):
                if minute - dump[0] < apart:
                    print(f"{when}: {then.command}\n  soon after {dump[1]}")
                dump = minute, then.command


def main():
    what, path, *numbers = sys.argv[1:]
    numbers = [int(n) for n in numbers]
    try:
        environment, jobs = read(path)
    except ValueError as e:
        sys.exit(f"{path}: {e}")
    if what == "environment":
        print("\n".join(environment))
    elif what == "commands":
        print("\n".join(job.command for job in jobs))
    elif what == "firings":
        year = list(days(numbers[0], numbers[0]))
        for job in jobs:
            print(sum(map(job.on, year)) * len(job.minutes), job.command)
    elif what == "collisions":
        collisions(jobs, *numbers)


main()
