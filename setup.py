"""What pyproject.toml can't say: the folder tasks/ installs as journal_tasks, so that it hides nobody's own `tasks`."""

from setuptools import find_packages, setup

core = find_packages(include=["journal", "journal.*"])
tasks = [f"journal_{name}" for name in find_packages(include=["tasks", "tasks.*"])]
setup(packages=[*core, *tasks], package_dir={"journal_tasks": "tasks"})
