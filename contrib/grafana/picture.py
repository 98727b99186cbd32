#!/usr/bin/env python3
"""picture.py [-o bk.png] [--end TIME] [--days N] [--step SECONDS] URL

Draw the dashboard bk.json with gnuplot, from the Prometheus at URL: its panels
where it has them, of what its own expressions return.  For a report, a mail,
or a host without Grafana.  TIME is in seconds; now if not given.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

CELL = 50, 31       # pixels of the dashboard's grid: 24 columns
MARGIN = {"stat": (5, 5, 5, 5), "timeseries": (64, 20, 42, 56),
          "state-timeline": (160, 20, 42, 32),    # left, right, above, below
          "row": (5, 5, 5, 5)}
COLORS = ["#3274d9", "#e07b26", "#37872d", "#8f3bb8", "#b5304f", "#6b7a8f",
          "#00838f", "#a08000"]
NAMED = {"green": "#73bf69", "yellow": "#f2cc0c", "red": "#e02f44",
         "purple": "#a352cc"}
INK, FAINT, EDGE = "#24292e", "#7a8089", "#d5d9de"


def query(url, expr, start, end, step):
    """The series of expr: [({label: value}, [(time, number)])]."""
    expr = expr.replace("$db", ".*")
    args = {"query": expr, "start": start, "end": end, "step": step}
    req = urllib.request.Request(url.rstrip("/") + "/api/v1/query_range",
                                 urllib.parse.urlencode(args).encode())
    try:
        with urllib.request.urlopen(req, timeout=30) as reply:
            found = json.load(reply)["data"]["result"]
    except (OSError, ValueError, KeyError) as e:
        sys.exit(f"picture.py: {url}: {expr}: {words(e)}")
    return [(s["metric"], [(float(t), float(v)) for t, v in s["values"]])
            for s in found]


def words(error):
    """Prometheus' own, if the error is its answer and has any."""
    try:
        return json.load(error)["error"]
    except (AttributeError, ValueError, KeyError):
        return error


def legend(form, labels):
    return re.sub(r"{{\s*(\w+)\s*}}", lambda m: labels.get(m[1], ""), form)


def quote(text):
    """A gnuplot string; _ and ^ are for its enhanced text."""
    text = re.sub(r"([\\@&_^{}])", r"\\\1", text)
    return "'" + text.replace("'", "''") + "'"


def scale(unit, top):
    """What to divide by and to write after it, for numbers of up to top."""
    if unit == "s":
        steps = [(86400, " d"), (3600, " h"), (60, " min"), (1, " s")]
    elif unit == "bytes":
        steps = [(1 << 40, " TiB"), (1 << 30, " GiB"), (1 << 20, " MiB"),
                 (1 << 10, " KiB"), (1, " B")]
    elif unit == "percentunit":
        return 0.01, "%%"
    else:
        return 1, ""
    return next((s for s in steps if top >= 2 * s[0]), steps[-1])


class Panel:
    def __init__(self, panel, dir):
        self.panel, self.dir = panel, dir
        self.defaults = panel.get("fieldConfig", {}).get("defaults", {})
        self.series = []        # (title, [(time, number)])

    def fetch(self, *when):
        for target in self.panel.get("targets", []):
            for labels, points in query(when[0], target["expr"], *when[1:]):
                self.series.append(
                    (legend(target["legendFormat"], labels), points))
        self.series.sort(key=lambda s: s[0])

    def store(self, name, points, step):
        """A file of points; an empty line where some are missing."""
        path = os.path.join(self.dir, f"{self.panel['id']}-{name}")
        with open(path, "w") as f:
            last = None
            for t, v in points:
                if last is not None and t - last > 2 * step:
                    print(file=f)
                print(f"{t:.0f} {v!r}", file=f)
                last = t
        return quote(path).replace("\\", "")

    def color(self, value):
        """By mapping, else by threshold."""
        for mapping in self.defaults.get("mappings", []):
            found = mapping["options"].get(f"{value:g}")
            if found:
                return NAMED[found["color"]], found["text"]
        at = "green"
        for s in self.defaults.get("thresholds", {}).get("steps", []):
            if s["value"] is None or value >= s["value"]:
                at = s["color"]
        return NAMED[at], None

    def title(self):
        """Above the plot, as far left as the panel goes."""
        g = self.panel["gridPos"]
        return (f"set label 1 {quote(self.panel['title'])} at screen "
                f"{(g['x'] + 0.25) / 24:.4f}, graph 1 offset 0,1.4 left "
                f"font ':Bold,11' textcolor '{INK}'\n")


class Stat(Panel):
    def draw(self, start, end, step):
        value = self.series[0][1][-1][1] if self.series else 0
        color, text = self.color(value)
        if text is None:
            by, suffix = scale(self.defaults["unit"], value)
            text = f"{value / by:.{self.defaults.get('decimals', 0)}f}" + \
                suffix.replace("%%", "%")
        return ("unset border; unset tics; unset key\n"
                f"set object rectangle from graph 0,0 to graph 1,1 "
                f"fillcolor rgb '{color}' fillstyle solid noborder behind\n"
                f"set label 1 {quote(self.panel['title'])} at graph 0.5,0.8 "
                f"center font ',10' textcolor '{INK}'\n"
                f"set label 2 {quote(text)} at graph 0.5,0.38 center "
                f"font ':Bold,21' textcolor '{INK}'\n"
                "plot [0:1] [0:1] -1 notitle\n"
                "unset label 2\n")


class Row(Panel):
    def draw(self, start, end, step):
        return ("unset border; unset tics; unset key\n"
                f"set label 1 {quote(self.panel['title'])} at graph 0,0.5 left "
                f"font ':Bold,11' textcolor '{FAINT}'\n"
                "plot [0:1] [0:1] -1 notitle\n")


class Timeline(Panel):
    def draw(self, start, end, step):
        rows = max(len(self.series), 1)
        out = [self.title(), "set border 1; unset key; set grid noy\n"]
        for row, (title, points) in enumerate(self.series):
            low, high = rows - row - 0.85, rows - row - 0.15
            for t, until, v in runs(points, step):
                out.append(f"set object rectangle from first {t:.0f},{low} "
                           f"to first {until:.0f},{high} fillcolor rgb "
                           f"'{self.color(v)[0]}' fillstyle solid noborder\n")
        tics = ",".join(f"{quote(title)} {rows - row - 0.5}"
                        for row, (title, _) in enumerate(self.series))
        out.append(f"set yrange [0:{rows}]; set ytics scale 0 ({tics})\n"
                   f"plot [{start}:{end}] -1 notitle\n"
                   f"set border 3\n")
        return "".join(out)


def runs(points, step):
    """(from, to, value) of neighbours with one value."""
    out = []
    for t, v in points:
        if out and out[-1][2] == v and t - out[-1][1] <= step:
            out[-1][1] = t
        else:
            if out and t - out[-1][1] <= step:
                out[-1][1] = t
            out.append([t, t, v])
    return [(a, max(b, a + step), v) for a, b, v in out]


class Lines(Panel):
    def draw(self, start, end, step):
        unit, custom = self.defaults["unit"], self.defaults["custom"]
        top = max((v for _, p in self.series for _, v in p), default=1)
        by, suffix = scale(unit, top)
        limits = [s for s in self.defaults.get("thresholds", {"steps": []})
                  ["steps"] if s["value"] is not None]
        style = ("fillsteps fillstyle solid 0.8 noborder"
                 if custom["drawStyle"] == "bars" else "lines linewidth 2")
        high = self.defaults.get("max")
        high = high / by if high is not None else "*" if top > 0 else 1
        few = "set ytics 1\n" if by == 1 and top <= 6 else ""
        _, _, above, below = MARGIN["timeseries"]
        key = 24 / (self.panel["gridPos"]["h"] * CELL[1] - above - below)
        out = [self.title(), "set border 3; set grid y; set ytics auto\n"
               f"set key at graph -0.03, graph {-key:.3f} left top horizontal "
               f"samplen 1 width 1 Left reverse\n{few}"
               f"set yrange [{self.defaults.get('min', '*')}:{high}]\n"
               f"set format y '%.3g{suffix}'\n"]
        plots, hues = [], {}
        for i, (title, points) in enumerate(self.series):
            path = self.store(i, points, step)
            # "shop, usual" is of shop's color, dashed
            hue = hues.setdefault(title.removesuffix(", usual"), len(hues))
            dashed = " dashtype 2" if title.endswith(", usual") else ""
            name = quote(title)
            if len(self.series) > 3 and not any(v for _, v in points):
                name = "''"         # a long legend of nothing
            plots.append(f"{path} using 1:($2/{by}) with {style}{dashed} "
                         f"linecolor rgb '{COLORS[hue % len(COLORS)]}' "
                         f"title {name}")
        for s in limits:
            if s["value"] <= max(top * 1.3, by * 0.01):
                plots.append(f"{s['value'] / by} with lines linewidth 1.2 "
                             f"dashtype 3 linecolor rgb "
                             f"'{NAMED[s['color']]}' notitle")
        out.append(f"plot [{start}:{end}] {', '.join(plots or ['-1 notitle'])}"
                   "\n")
        return "".join(out)


KINDS = {"row": Row, "stat": Stat, "state-timeline": Timeline, "timeseries": Lines}


def place(panel, height, span):
    """A card for the panel, and in it the plot, with room for the tics."""
    g, wide = panel["gridPos"], 24 * CELL[0]
    x, y, w, h = (g["x"] * CELL[0], g["y"] * CELL[1], g["w"] * CELL[0],
                  g["h"] * CELL[1])
    left, right, above, below = MARGIN[panel["type"]]
    card = (f"set object rectangle from screen {(x + 4) / wide:.4f}, "
            f"screen {1 - (y + h - 4) / height:.4f} to screen "
            f"{(x + w - 4) / wide:.4f}, screen {1 - (y + 4) / height:.4f} "
            f"fillcolor rgb 'white' fillstyle solid border rgb '{EDGE}' "
            "behind\n") if panel["type"] in ("timeseries", "state-timeline") else ""
    return ("unset object; unset label; unset xtics\n" + card +
            f"set xtics {tics(span, w)} nomirror scale 0.5 "
            f"textcolor '{FAINT}'\n"
            f"set ytics nomirror scale 0 textcolor '{INK}'\n"
            f"set lmargin at screen {(x + left) / wide:.4f}\n"
            f"set rmargin at screen {(x + w - right) / wide:.4f}\n"
            f"set tmargin at screen {1 - (y + above) / height:.4f}\n"
            f"set bmargin at screen {1 - (y + h - below) / height:.4f}\n")


def tics(span, width):
    """Seconds between dates, at least 65 pixels apart."""
    for s in (3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 28 * 86400):
        if span / s * 65 <= width - 80:
            return s
    return 366 * 86400


def script(panels, when, output, dir):
    url, start, end, step = when
    drawn = []
    for panel in panels:
        drawn.append(KINDS[panel["type"]](panel, dir))
        drawn[-1].fetch(url, start, end, step)
    # what is not known is left out, if it is at the end
    while drawn and (not drawn[-1].series or isinstance(drawn[-1], Stat)):
        drawn.pop()
    if not drawn:
        sys.exit(f"picture.py: {url}: nothing of bk-age's is known there")
    height = CELL[1] * max(d.panel["gridPos"]["y"] + d.panel["gridPos"]["h"]
                           for d in drawn)
    out = [f"set terminal pngcairo size {24 * CELL[0]},{height} "
           "font 'DejaVu Sans,9.5' background rgb '#f4f5f7' enhanced\n"
           f"set output {quote(output).replace(chr(92), '')}\n"
           "set multiplot\nset xdata time; set timefmt '%s'\n"
           f"set format x '{'%d %b' if end - start > 3 * 86400 else '%H:%M'}'"
           f"\nset border 3 linecolor '{EDGE}'\n"
           "set grid linecolor '#e9ebee' linetype 1 linewidth 1\n"]
    for d in drawn:
        out += [place(d.panel, height, end - start), d.draw(start, end, step)]
    out.append("unset multiplot\n")
    return "".join(out)


def main():
    p = argparse.ArgumentParser(usage=__doc__.splitlines()[0])
    p.add_argument("-o", dest="output", default="bk.png")
    p.add_argument("--end", type=int, default=int(time.time()))
    p.add_argument("--days", type=int, default=30)
    p.add_argument("--step", type=int, default=3600)
    p.add_argument("url")
    a = p.parse_args()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "bk.json")) as f:
        panels = [p for p in json.load(f)["panels"] if p["type"] in KINDS]
    with tempfile.TemporaryDirectory() as dir:
        path, drawn = (os.path.join(dir, n) for n in ("script", "drawn"))
        with open(path, "w") as f:
            f.write(script(panels, (a.url, a.end - a.days * 86400, a.end,
                                    a.step), drawn, dir))
        try:
            subprocess.run(["gnuplot", path], check=True)
            shutil.copyfile(drawn, a.output)
        except (OSError, subprocess.CalledProcessError) as e:
            sys.exit(f"picture.py: {e}")


if __name__ == "__main__":
    main()
