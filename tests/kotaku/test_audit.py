"""The audit of packages finds what is weak and never takes silence for soundness."""

from tests.audit import of_npm, of_python

SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
WEAK = {"name": "contoh", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "lain", "skip_reason": "Dependency not found on PyPI"}


def test_a_weak_package_is_named_with_its_cure():
    assert of_python({"dependencies": [SOUND, WEAK]}, "") == (["contoh 1.0: PYSEC-1, mended in 1.1"], [])
    npm = {"vulnerabilities": {"contoh": {"severity": "high", "range": "<2"}}}
    assert of_npm(npm, "") == (["contoh: high, <2"], [])


def test_sound_packages_need_no_word():
    assert of_python({"dependencies": [SOUND]}, "") == ([], [])
    assert of_npm({"vulnerabilities": {}}, "") == ([], [])


def test_a_package_that_nothing_is_known_of_is_told():
    weak, unknown = of_python({"dependencies": [SOUND, UNKNOWN]}, "")
    assert (weak, unknown) == ([], ["SKIPPED audit of 1 of 2 Python packages: PyPI tells nothing of lain"])


def test_no_answer_is_told():
    assert of_python({}, "cannot connect") == ([], ["SKIPPED audit of Python packages: cannot connect"])
    assert of_npm({"message": "405 Method Not Allowed"}, "") == (
        [],
        ["SKIPPED audit of npm packages: 405 Method Not Allowed"],
    )
