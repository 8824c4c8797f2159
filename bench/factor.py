"""Time the factor library against factor_analyzer, scikit-learn, R's psych, and pandas on a file in memory.

    python bench/factor.py                 both parts
    python bench/factor.py fit             2,800 × 25, 5 factors: correlate, extract, rotate
    python bench/factor.py command         the same as a user sees it: a command against a script that draws pictures
    python bench/factor.py stream [ROWS]   correlations of a CSV file of 10,000,000 × 20

The others run in an environment of their own under build/, R where it is installed. All times are of one run on one
machine, each the least of its repeats (other work on the machine only adds). A ratio above 1 means that the other one
takes longer.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench-factor"
PEERS = ("scikit-learn<1.8", "factor_analyzer==0.5.1", "pandas", "matplotlib")
sys.path.insert(0, str(ROOT))

PEERS_FIT = """
import json, sys, time, warnings
import numpy as np
from factor_analyzer import FactorAnalyzer
from sklearn.decomposition import FactorAnalysis
warnings.simplefilter("ignore")
rows = np.load(sys.argv[1])
def least(run, repeats=15):
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter(); run(); times.append(time.perf_counter() - start)
    return min(times)
def fit(rotation):
    return lambda: FactorAnalyzer(5, rotation=rotation, method="minres").fit(rows)
print(json.dumps({
    "factor_analyzer minres + oblimin": least(fit("oblimin")),
    "factor_analyzer minres + varimax": least(fit("varimax")),
    "scikit-learn ml + varimax": least(lambda: FactorAnalysis(5, rotation="varimax").fit(rows)),
}))
"""

R_FIT = """
suppressPackageStartupMessages({library(psych); library(GPArotation)})
rows <- as.matrix(read.csv(commandArgs(TRUE)[1]))
least <- function(run, repeats = 15) {
  run()
  now <- function() proc.time()[["elapsed"]]
  min(replicate(repeats, {start <- now(); for (i in 1:5) run(); (now() - start) / 5}))
}
cat(sprintf('{"psych minres + oblimin": %f, "psych minres + varimax": %f, "factanal ml + varimax": %f}',
  least(function() fa(cor(rows), 5, n.obs = nrow(rows), rotate = "oblimin")),
  least(function() fa(cor(rows), 5, n.obs = nrow(rows), rotate = "varimax")),
  least(function() factanal(rows, 5, rotation = "varimax"))))
"""

PANDAS_STREAM = """
import json, resource, sys, time
import pandas
start = time.perf_counter()
matrix = pandas.read_csv(sys.argv[1]).corr().to_numpy()
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "peak_mb": peak, "matrix": matrix.tolist()}))
"""

OURS_STREAM = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from journal_tasks.factor.moments import correlation, stream
from journal import open_table
matrix = correlation(stream(open_table(Path(sys.argv[1])).chunks()))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "peak_mb": peak, "matrix": matrix.tolist()}))
"""


PEERS_SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas
from factor_analyzer import FactorAnalyzer
rows = pandas.read_csv(sys.argv[1])
found = FactorAnalyzer(5, rotation="oblimin", method="minres").fit(rows)
values = found.get_eigenvalues()[0]
figure, axes = plt.subplots(figsize=(6.4, 3))
axes.bar(range(1, 26), values)
axes.plot(range(1, 26), values, "o-")
axes.axhline(1)
figure.savefig("scree.svg")
figure, axes = plt.subplots(figsize=(6.3, 8))
axes.imshow(found.loadings_, aspect="auto")
for (row, column), value in np.ndenumerate(found.loadings_):
    axes.text(column, row, f"{value:.2f}", ha="center", va="center")
axes.set_yticks(range(25), rows.columns)
figure.savefig("loadings.svg")
"""


def main(part: str = "all", rows: str = "10000000") -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    python = peer_python()
    if part in ("all", "fit"):
        bench_fit(python)
    if part in ("all", "command"):
        bench_command(python)
    if part in ("all", "stream"):
        bench_stream(python, int(rows))


def bench_fit(python: Path) -> None:
    rows = five_factors(2800, 25)
    np.save(BUILD / "rows.npy", rows)
    np.savetxt(BUILD / "rows.csv", rows, delimiter=",", header=",".join(f"v{n}" for n in range(25)), comments="")
    ours = {f"ours {method} + {rotation}": time_ours(rows, method, rotation) for method, rotation in PAIRS}
    others = run_json([python, "-c", PEERS_FIT, BUILD / "rows.npy"])
    if shutil.which("Rscript"):
        others |= run_json(["Rscript", "-e", R_FIT, BUILD / "rows.csv"])
    print("2,800 × 25, 5 factors: from rows to rotated loadings, milliseconds")
    for name, seconds in (ours | others).items():
        method = name.split(" ", 1)[1]
        ratio = "" if name in ours else f"  {seconds / ours[f'ours {method}']:6.1f} × ours"
        print(f"  {name:36}{1000 * seconds:9.2f}{ratio}")


def bench_command(python: Path) -> None:
    """Time whole commands, in turns: ours has the diagnosis, the number of factors and the report on top."""
    folder = BUILD / "command"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "journal.yml").write_text("name: Bench\n")
    np.savetxt(
        folder / "rows.csv",
        five_factors(2800, 25),
        "%.4f",
        ",",
        header=",".join(f"v{n}" for n in range(25)),
        comments="",
    )
    settings = ["data=rows.csv", "factors=5", "method=minres", "rotation=oblimin"]
    commands = {
        "journal run factor.analysis": [sys.executable, "-m", "journal", "run", "factor.analysis", *settings],
        "factor_analyzer and matplotlib": [python, "-c", PEERS_SCRIPT, "rows.csv"],
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JOURNAL_TRUST": "1"}
    for _ in range(5):
        shutil.rmtree(folder / ".journal" / "results", ignore_errors=True)
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            found[name].append(time.perf_counter() - start)
    print("2,800 × 25, 5 factors: from the file to pictures, seconds")
    ours = min(next(iter(found.values())))
    for name, seconds in found.items():
        print(f"  {name:36}{min(seconds):9.2f}  {min(seconds) / ours:6.2f} × ours")


PAIRS = (("minres", "oblimin"), ("minres", "varimax"), ("ml", "varimax"))


def five_factors(rows: int, variables: int) -> np.ndarray:
    """Rows of 5 correlated factors, as questionnaires have them."""
    rng = np.random.default_rng(133)
    mixing = np.linalg.cholesky(0.3 + 0.7 * np.eye(5))
    loadings = np.kron(np.eye(5), np.ones((variables // 5, 1))) * rng.uniform(0.4, 0.8, (variables, 1))
    return (rng.standard_normal((rows, 5)) @ mixing.T) @ loadings.T + 0.7 * rng.standard_normal((rows, variables))


def time_ours(rows: np.ndarray, method: str, rotation: str) -> float:
    from journal_tasks.factor.data import associate
    from journal_tasks.factor.extraction import extract
    from journal_tasks.factor.fit import assess_fit
    from journal_tasks.factor.rotation import rotate

    def run() -> None:
        found = associate(rows)
        loadings = extract(found.matrix, 5, method).loadings
        rotated = rotate(loadings, rotation)
        assess_fit(found.matrix, rotated.loadings, rotated.correlations, found.observations)

    return least_time(run)


def least_time(run: Callable[[], None], repeats: int = 75) -> float:
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def bench_stream(python: Path, rows: int) -> None:
    path = BUILD / f"stream-{rows}.csv"
    if not path.exists():
        write_csv(path, rows)
    ours = run_json([sys.executable, "-c", OURS_STREAM, path])
    theirs = run_json([python, "-c", PANDAS_STREAM, path])
    apart = np.abs(np.array(ours.pop("matrix")) - np.array(theirs.pop("matrix"))).max()
    print(f"CSV of {rows:,} × 20 ({path.stat().st_size / 1e9:.2f} GB) to correlations")
    for name, found in (("ours, streaming", ours), ("pandas, in memory", theirs)):
        print(f"  {name:20}{found['seconds']:8.1f} s {found['cpu']:8.1f} s CPU {found['peak_mb']:8.0f} MB at most")
    print(
        f"  time {theirs['seconds'] / ours['seconds']:.2f} ×, memory {theirs['peak_mb'] / ours['peak_mb']:.1f} × ours"
    )
    print(f"  largest difference of the matrices {apart:.1e}")


def write_csv(path: Path, rows: int) -> None:
    print(f"writing {path.name} ...")
    block = five_factors(100_000, 20)
    lines = [",".join(f"{value:.4f}" for value in row) for row in block]
    text = "\n".join(lines) + "\n"
    with path.open("w") as file:
        file.write(",".join(f"v{number}" for number in range(20)) + "\n")
        for _ in range(rows // len(block)):
            file.write(text)


def peer_python() -> Path:
    """Return the Python of the peers' environment, made on the first run."""
    folder = BUILD / "venv"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True, stderr=subprocess.DEVNULL)
    return python


def run_json(command: list[str | Path]) -> dict:
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
