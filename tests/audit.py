"""`python -m tests.audit`: known weaknesses of all packages, asked of PyPI and npm.

Exit 1 where one is known. Packages that nothing could be learned of are told as SKIPPED, never counted as sound.
"""

import json
import subprocess
import sys
from pathlib import Path

SECONDS = 120
PYTHON = (
    str(Path(sys.executable).with_name("pip-audit")), "--requirement", "constraints.txt", "--no-deps", "--disable-pip",
    "--timeout", "5", "--progress-spinner", "off", "--format", "json",
)  # fmt: skip
NPM = ("npm", "audit", "--omit=dev", "--json")


def answer_of(command: tuple[str, ...]) -> tuple[dict, str]:
    """(the JSON that it prints, why there is none)"""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
        return json.loads(done.stdout), ""
    except subprocess.TimeoutExpired:
        return {}, f"no answer within {SECONDS} s"
    except json.JSONDecodeError:
        return {}, (done.stderr.strip().splitlines() or ["no answer"])[-1]


def of_python(answer: dict, failure: str) -> tuple[list[str], list[str]]:
    """(weaknesses, what could not be asked), a line each."""
    if "dependencies" not in answer:
        return [], [f"SKIPPED audit of Python packages: {failure or 'the answer has no packages'}"]
    weak, unknown = [], []
    for one in answer["dependencies"]:
        if "skip_reason" in one:
            unknown.append(one["name"])
        for found in one.get("vulns", []):
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            weak.append(f"{one['name']} {one['version']}: {found['id']}, mended in {mended}")
    told = f"SKIPPED audit of {len(unknown)} of {len(answer['dependencies'])} Python packages: PyPI tells nothing of "
    return weak, [told + ", ".join(unknown[:5]) + (", …" if unknown[5:] else "")] if unknown else []


def of_npm(answer: dict, failure: str) -> tuple[list[str], list[str]]:
    if "vulnerabilities" not in answer:
        return [], [f"SKIPPED audit of npm packages: {failure or answer.get('message') or 'no answer'}"]
    weak = [f"{name}: {one['severity']}, {one['range']}" for name, one in answer["vulnerabilities"].items()]
    return weak, []


def main() -> None:
    weak, unknown = (
        python + npm for python, npm in zip(of_python(*answer_of(PYTHON)), of_npm(*answer_of(NPM)), strict=True)
    )
    for line in (*unknown, *weak):
        sys.stdout.write(f"{line}\n")
    if weak:
        sys.exit(1)
    if not unknown:
        sys.stdout.write("No known weakness in any package.\n")


if __name__ == "__main__":
    main()
