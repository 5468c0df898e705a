"""What must hold of the stored data after any fault, whatever was being written. Each proof gives the sentences of what it found."""

import bisect
import hashlib
import io
import re
from collections import Counter, defaultdict

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from PIL import Image

from benchmarks.faults.people import MARK
from core.models import User

# What is answered and leaves no line in the database by design.
TRACELESS = {
    "set_theme", "set_language", "account_login", "saved_filter_add", "saved_filter_remove",
    "agreements:follow_up_pause",  # the pause that is there already
    "workshops:agenda_item_move", "agreements:agreement_move", "agreements:signatory_move",  # at the end of the list
    "workshops:workshop_wording", "workshops:workshop_areas", "workshops:workshop_report",  # rows sent as they were
    "slumareas:import_look", "slumareas:import_explain", "slumareas:import_stop",  # in the import's own row
    "verify_publish", "verify_unpublish",  # in the paper's own row, and the one takes back the other
    "slumareas:import_delete",  # the file goes for good
    "api:import-stop", "api:authtoken-list", "api:authtoken-detail",  # tokens end again
}  # fmt: skip


# Laid out anew in one statement whenever the package changes, by the table of assets/checklists.py.
DERIVED = {("Document", "is_required"), ("Document", "needed_before")}


def concrete_models() -> list:
    return [
        model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy
    ]


def with_history() -> list:
    return [model for model in apps.get_models() if hasattr(model, "history") and hasattr(model.history, "model")]


def marks_stored() -> set[str]:
    """Every mark in any text of the database, histories and logs too."""
    found = set()
    for model in concrete_models():
        texts = [
            one.attname
            for one in model._meta.concrete_fields
            if isinstance(one, models.CharField | models.TextField | models.JSONField)
        ]
        if texts:
            for row in model._default_manager.values_list(*texts).iterator(2000):
                found.update(MARK.findall(" ".join(map(str, row))))
    return found


def moments_by_user() -> dict[int, list[float]]:
    """When each user is named beside a moment, in history or any log."""
    found = defaultdict(list)
    for model in concrete_models():
        people = [one.attname for one in model._meta.concrete_fields if one.is_relation and one.related_model is User]
        times = [one.attname for one in model._meta.concrete_fields if isinstance(one, models.DateTimeField)]
        for who in people:
            for when in times:
                for pk, at in (
                    model._default_manager.exclude(**{who: None}).exclude(**{when: None}).values_list(who, when)
                ):
                    found[pk].append(at.timestamp())
    for moments in found.values():
        moments.sort()
    return found


def _within(moments: list[float], begun: float, ended: float) -> bool:
    place = bisect.bisect_left(moments, begun - 0.01)
    return place < len(moments) and moments[place] <= ended + 0.01


def acknowledged(sent: list, ahead: float = 0) -> list[str]:
    """Every acknowledged write is there: its marks stand in the database, or a line of its author from just then does."""
    stored, moments = marks_stored(), moments_by_user()
    keys = dict(User.objects.values_list("username", "pk"))
    lost, counted, gone = [], Counter(), Client()
    gone.force_login(User.objects.get(username="admin"), backend="allauth.account.auth_backends.AuthenticationBackend")
    for one in sent:
        if one.outcome != "acked" or one.name in TRACELESS:
            continue
        here = moments.get(keys.get(one.who), [])
        has_line = any(_within(here, one.begun + wrong, one.ended + wrong) for wrong in {0, ahead})
        if one.marks and stored.issuperset(one.marks):
            counted["with all their texts"] += 1
        elif has_line:
            counted["by a line of their author at that moment"] += 1
        elif one.method == "DELETE" and gone.get(one.path).status_code == 404:
            counted["as deleted"] += 1
        elif one.name.endswith(("_changelist", "_process_import")) and not one.marks:
            counted["of the administration that changed nothing"] += 1
        else:
            missing = [mark for mark in one.marks if mark not in stored]
            lost.append(
                f"{one.method} {one.name} {one.path} of {one.who}: {len(missing)} of {len(one.marks)} texts missing, no line"
            )
    # An import that was discarded leaves nothing, nor what was asked of it; more than were discarded may not be missing.
    discarded = sum(
        one.outcome in ("acked", "broken")
        for one in sent
        if one.name == "slumareas:import_delete" or (one.method, one.name) == ("DELETE", "api:import-detail")
    )
    missing = [one for one in lost if one.split()[1].startswith(("slumareas:import_", "api:import-"))]
    sent_anew = [one for one in missing if one.split()[1] in ("slumareas:import_list", "api:import-list")]
    if len(sent_anew) <= discarded and (discarded or not missing):
        counted["of imports discarded since"] += len(missing)
        lost = [one for one in lost if one not in missing]
    broken = [one for one in sent if one.outcome == "broken" and one.marks]
    whole = sum(stored.issuperset(one.marks) for one in broken)
    none = sum(stored.isdisjoint(one.marks) for one in broken)
    print(
        f"  acknowledged writes found: {', '.join(f'{number} {how}' for how, number in counted.items())}; not found: {len(lost)}"
    )
    print(
        f"  without an answer: {len(broken)} with texts, of them stored {whole}, not stored {none}, in part {len(broken) - whole - none}"
    )
    parts = [one for one in broken if not stored.issuperset(one.marks) and not stored.isdisjoint(one.marks)]
    return lost + [f"in part: {one.method} {one.name} {one.path}" for one in parts]


def without_history() -> set[tuple]:
    """Rows without a line of history, as those that are laid out in bulk."""
    found = set()
    for model in with_history():
        key = model._meta.pk.attname
        known = model.history.model.objects.values(key)
        found.update((model, pk) for pk in model._base_manager.exclude(pk__in=known).values_list("pk", flat=True))
    return found


def histories_equal_rows(bare: set[tuple]) -> list[str]:
    """The last line of history of each row says what the row says; what is deleted says so. `bare` models may have none."""
    wrong, rows, lines = [], 0, 0
    may_be_bare = {model for model, _pk in bare}
    for model in with_history():
        history = model.history.model
        names = [one.attname for one in history.tracked_fields]
        # The database empties these itself when what they lead to is deleted.
        emptied = {
            (model.__name__, one.attname)
            for one in model._meta.concrete_fields
            if one.is_relation and one.remote_field.on_delete is models.SET_NULL
        }
        last = {}
        key = model._meta.pk.attname
        for line in (
            history.objects.order_by("history_id").values(key, "history_type", "history_id", *names).iterator(2000)
        ):
            last[line[key]] = line
            lines += 1
        for row in model._base_manager.values(key, *names).iterator(2000):
            rows += 1
            line = last.pop(row[key], None)
            if line is None and model in may_be_bare:
                continue
            if line is None:
                wrong.append(f"{model.__name__} {row[key]}: no history")
            elif line["history_type"] == "-":
                wrong.append(f"{model.__name__} {row[key]}: deleted in history")
            else:
                wrong += [
                    f"{model.__name__} {row[key]}: {name} is {row[name]!r}, in history {line[name]!r}"[:200]
                    for name in names
                    if row[name] != line[name] and (model.__name__, name) not in DERIVED | emptied
                ]
        wrong += [
            f"{model.__name__} {pk}: gone, in history alive" for pk, line in last.items() if line["history_type"] != "-"
        ]
    print(f"  {rows} rows compared with the last of their {lines} lines of history: {len(wrong)} differ")
    return wrong


def files_are_whole() -> list[str]:
    """Every name of a file that a record holds leads to its content; what no record names is counted."""
    wrong, named = [], set()
    for model in concrete_models():
        for one in model._meta.concrete_fields:
            if not isinstance(one, models.FileField):
                continue
            hashed = {field.name for field in model._meta.concrete_fields} & {"sha256"}
            for record in model._base_manager.exclude(**{one.name: ""}):
                name = getattr(record, one.name).name
                if not name:
                    continue
                named.add(name)
                if not default_storage.exists(name):
                    wrong.append(f"{model.__name__} {record.pk}: {name} is missing")
                    continue
                content = default_storage.open(name).read()
                if not content:
                    wrong.append(f"{model.__name__} {record.pk}: {name} is empty")
                elif (
                    hashed
                    and one.name == "file"
                    and record.sha256
                    and hashlib.sha256(content).hexdigest() != record.sha256
                ):
                    wrong.append(f"{model.__name__} {record.pk}: {name} is not what was hashed")
                elif name.endswith((".jpg", ".png")):
                    try:
                        Image.open(io.BytesIO(content)).load()
                    except OSError as error:
                        wrong.append(f"{model.__name__} {record.pk}: {name}: {error}")
    kept = {str(path.relative_to(settings.MEDIA_ROOT)) for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()}
    print(
        f"  {len(named)} files named by records: {len(wrong)} not whole; {len(kept - named)} files that no record names"
    )
    if kept - named:
        print("    by folder:", dict(Counter(re.sub(r"/.*", "", name) for name in kept - named)))
    return wrong


def commands_agree() -> list[str]:
    """The scores follow from the rows, the history can be sealed and is as it was sealed, keys lead somewhere."""
    wrong, said = [], io.StringIO()
    for command, *arguments in (("reassess", "--check"), ("seal_history",), ("verify_history",)):
        try:
            call_command(command, *arguments, stdout=said, stderr=said)
        except (CommandError, SystemExit) as error:
            if getattr(error, "code", 1):
                wrong.append(f"{command}: {error} {said.getvalue()[-300:]}")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for pragma in ("foreign_key_check", "integrity_check"):
                rows = [row for row in cursor.execute(f"PRAGMA {pragma}").fetchall() if row != ("ok",)]
                wrong += [f"{pragma}: {row}" for row in rows[:5]]
    print(
        f"  reassess --check, seal_history, verify_history{', foreign keys' if connection.vendor == 'sqlite' else ''}: {len(wrong)} complaints"
    )
    return wrong


def all_of(sent: list, bare: set[tuple], ahead: float = 0) -> list[str]:
    """`ahead`: by how many seconds the server's clock was wrong for some time."""
    return [*acknowledged(sent, ahead), *histories_equal_rows(bare), *files_are_whole(), *commands_agree()]
