"""The house stays as it was drawn: sizes, doors, floors and a light import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "perfkit").rglob("*.py"))
IDS = [str(path.relative_to(ROOT)) for path in MODULES]
HEAVY = {"sklearn", "mlflow", "matplotlib", "fastapi", "papermill", "nbconvert", "quantstats"}
CARD = {
    "jupyterlab", "pandas", "numpy", "scikit-learn", "mlflow", "quantstats",
    "papermill", "pyarrow", "boto3", "pytest", "nbval",
}  # fmt: skip
REFUSED = {"utils", "util", "helpers", "helper", "common", "base", "core", "misc", "manager"}

every_module = pytest.mark.parametrize("path", MODULES, ids=IDS)


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    body = function.body[1:] if has_docstring else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    a = function.args
    names = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@every_module
def test_a_file_holds_one_concept_in_300_lines(path):
    assert len(path.read_text().splitlines()) <= 300


@every_module
def test_a_function_has_at_most_40_lines_and_6_parameters(path):
    # a kernel takes its whole state as arrays, and a command its options: both are lists, not logic
    free = "njit" in path.read_text() or path.parts[-2:-1] == ("cli",)
    too_long = {f.name: body_lines(f) for f in functions(path) if body_lines(f) > 40}
    too_wide = {f.name: parameters(f) for f in functions(path) if parameters(f) > 6 and not free}
    assert (too_long, too_wide) == ({}, {})


@every_module
def test_a_module_says_what_room_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@every_module
def test_no_room_is_a_drawer(path):
    assert not {path.stem, path.parent.name} & REFUSED


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=str)
def test_an_init_holds_imports_and_all_only(path):
    for node in ast.parse(path.read_text()).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_all = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert is_docstring or is_all or isinstance(node, ast.Import | ast.ImportFrom)


@every_module
def test_a_public_name_stands_once_and_nothing_is_swallowed(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = ast.literal_eval(node.value)
            assert len(names) == len(set(names))
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            edge = path.parts[-2:] == ("cli", "app.py")
            assert edge or caught not in {"everything", "Exception", "BaseException"}


@pytest.mark.parametrize("path", [p for p in MODULES if "njit" in p.read_text()], ids=str)
def test_a_compiled_file_depends_on_no_other_file(path):
    # compiled code is kept on disk until its own file changes: what it uses must stand there
    imported = [n.module for n in ast.parse(path.read_text()).body if isinstance(n, ast.ImportFrom)]
    assert [m for m in imported if m.startswith("perfkit") and m != "perfkit.errors"] == []


def test_import_perfkit_stays_light():
    code = f"import sys, perfkit; print(sorted({HEAVY!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_public_name_of_perfkit_exists():
    import perfkit

    assert [n for n in perfkit.__all__ if not hasattr(perfkit, n)] == []


def requirements(lines: list) -> dict[str, str]:
    strings = [line for line in lines if isinstance(line, str)]
    parts = [re.fullmatch(r"([A-Za-z0-9-]+)(?:\[.*\])?(.*)", s) for s in strings]
    return {m[1].lower(): m[2] for m in parts if m}


def test_environment_yml_is_in_step_with_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    known = requirements(
        project["project"]["dependencies"]
        + [r for name, extra in extras.items() if name != "all" for r in extra]
        + groups["test"]
        + groups["dev"]
    )
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(e["pip"] for e in entries if isinstance(e, dict))
    listed = requirements([e for e in pip if not e.startswith("-")])
    assert listed == {name: known[name] for name in listed}
    assert listed.keys() >= CARD | requirements(groups["test"] + groups["dev"]).keys()
    assert "-e .[all]" in pip
    assert f"python{project['project']['requires-python']}" in entries


def test_every_extra_is_in_all():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = set(re.search(r"\[(.*)\]", extras["all"][0])[1].split(","))
    assert named == extras.keys() - {"all"}


def test_no_path_of_a_machine_and_no_session_stands_in_the_project():
    listed = subprocess.run(
        ["git", "ls-files"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the list of the project's files is not known")
    pattern = re.compile(r"/(?:work|home|root)/[a-z]")
    found = {
        name
        for name in listed.stdout.split()
        if (ROOT / name).suffix in {".py", ".md", ".toml", ".ipynb", ".yml"}
        and name != "tests/test_house.py"
        and (ROOT / name).is_file()
        and pattern.search((ROOT / name).read_text())
    }
    assert found == set()
