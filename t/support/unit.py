#!/usr/bin/env python3
"""Run a oneshot service of systemd's without systemd, for tests.

	unit.py FILE INSTANCE ROOT [NAME=VALUE ...]

does to ROOT/etc, ROOT/run, ROOT/var what systemd would do to the host's: reads
the environment files, makes the runtime, state and log directories and the
credentials (the user's own, of mode 0400, as where there are no access lists),
and runs ExecStartPre= and ExecStart= in the environment that the unit says and
NAME=VALUE, and no other.  Exits with the first status that is not 0.  Confines
nothing, and knows no more of unit files than ours need.
"""
import os
import re
import shlex
import socket
import subprocess
import sys


def settings(path):
    section, found = None, {}
    with open(path, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            if line.startswith("["):
                section = line
            elif line and line[0] not in "#;" and section == "[Service]":
                name, _, value = line.partition("=")
                found.setdefault(name, []).append(value)
    return found


def specifiers(path, instance, root):
    prefix = os.path.basename(path).partition("@")[0]
    return {"i": instance, "p": prefix, "%": "%",
            "n": f"{prefix}@{instance}.service", "H": socket.gethostname(),
            "d": f"{root}/run/credentials", "t": f"{root}/run",
            "S": f"{root}/var/lib", "L": f"{root}/var/log"}


class Unit:
    def __init__(self, path, instance, root):
        self.settings, self.root = settings(path), root
        self.specifiers = specifiers(path, instance, root)

    def values(self, name):
        return [re.sub("%(.)", lambda m: self.specifiers[m[1]], value)
                for value in self.settings.get(name, [])]

    def path(self, path):
        return self.root + path if path.startswith("/etc/") else path

    def directories(self):
        for name, where in ("Runtime", "t"), ("State", "S"), ("Logs", "L"):
            for line in self.values(name + "Directory"):
                for directory in line.split():
                    os.makedirs(f"{self.specifiers[where]}/{directory}",
                                mode=0o755, exist_ok=True)

    def credentials(self):
        fallback = dict(v.split(":", 1) for v in self.values("SetCredential"))
        os.makedirs(self.specifiers["d"], mode=0o700, exist_ok=True)
        for line in self.values("LoadCredential"):
            name, source = line.split(":", 1)
            source = self.path(source)
            if os.path.exists(source) or name not in fallback:
                with open(source, encoding="utf-8") as f:
                    text = f.read()
            else:
                text = fallback[name]
            path = f"{self.specifiers['d']}/{name}"
            if os.path.exists(path):
                os.unlink(path)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(path, 0o400)

    def environment(self):
        found = {}
        for line in self.values("Environment"):
            found.update(w.split("=", 1) for w in shlex.split(line))
        for name in self.values("EnvironmentFile"):
            with open(self.path(name), encoding="utf-8") as f:
                found.update(line.rstrip("\n").split("=", 1) for line in f
                             if line.strip() and line[0] not in "#;")
        return found

    def run(self, extra):
        self.directories()
        self.credentials()
        environment = {**self.environment(), **extra}
        for line in self.values("ExecStartPre") + self.values("ExecStart"):
            words = [w.replace("$$", "$") for w in shlex.split(line)]
            status = subprocess.run(words, env=environment, cwd="/",
                                    stdin=subprocess.DEVNULL).returncode
            if status:
                return status
        return 0


def main():
    file, instance, root, *extra = sys.argv[1:]
    sys.exit(Unit(file, instance, root).run(dict(e.split("=", 1) for e in extra)))


main()
