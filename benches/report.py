"""What every benchmark shares: where the program is, what machine this is, how results are kept.

A benchmark prints one markdown section and writes `benches/out/<name>.json`; `make bench` runs
them all and puts the sections under one heading that names the machine.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "benches" / "out"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
VITRINE = TARGET / "vitrine"


class Warm:
    """A process that does one round each time it is sent a line: its start is not measured.

    Its first line says that it is ready, or what it is.
    """

    def __init__(self, command: list[str], **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        self.hello = self.process.stdout.readline()

    def ask(self, what: object = "") -> str:
        """Sends a line and waits for the answer."""
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def machine() -> dict:
    """CPU, cores, load and versions: without them a figure means nothing."""
    cpu = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, cwd=ROOT)
    return {
        "cpu": cpu,
        "cores": cores(),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": platform.release(),
        "rustc": rustc.stdout.strip(),
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def median(seconds: list[float]) -> float:
    """The middle of the rounds: one busy second of the machine does not move it."""
    return statistics.median(seconds)


def table(head: list[str], rows: list[list]) -> str:
    """A markdown table; numbers are right-aligned by being columns after the first."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def write(name: str, title: str, body: str, results: dict) -> None:
    """Prints the section and keeps the figures."""
    OUT.mkdir(parents=True, exist_ok=True)
    kept = {"machine": machine(), **results}
    (OUT / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    print(f"## {title}\n\n{body}\n")
    sys.stdout.flush()
