"""Agreements and signatories were minutes entries; preamble, place and date stood at the workshop.

Nothing that was written is lost: fields that an agreement does not have go into its text or its note, and the lines of
history go along. The entries keep their uid, under which checkpoints know them.
"""

from types import SimpleNamespace

from django.db import migrations

KINDS = ("agreement", "signatory")
FRAME = {"agreement_preamble": "preamble", "agreement_place": "place", "agreement_on": "agreed_on"}
NOT_NOTED = "Alasan tidak dicatat."
LABELS = {
    "speaker": "Nama",
    "speaker_position": "Jabatan",
    "speaker_organization": "Instansi",
    "on_behalf_of": "Mewakili",
    "title": "Judul",
    "location": "Lokasi",
    "addressed_to": "Ditujukan kepada",
    "text": "Teks",
    "points": "Butir",
    "figures": "Angka",
    "amount": "Nilai (Rp)",
    "verse": "Pantun",
    "statement": "Pernyataan",
    "has_slides": "Slide",
    "has_hardcopy": "Hardcopy",
}
OF_SIGNATORY = ("speaker", "speaker_position", "speaker_organization", "on_behalf_of")
OF_AGREEMENT = ("title", "text", "points")


class _Apps:
    """The models of this state, in the database that is migrated: a backup is restored in one beside the one in use."""

    def __init__(self, apps, schema_editor):
        self.apps, self.alias = apps, schema_editor.connection.alias

    def get_model(self, app, name):
        return SimpleNamespace(objects=self.apps.get_model(app, name).objects.db_manager(self.alias))


def take_over(apps, schema_editor):
    apps = _Apps(apps, schema_editor)
    Workshop = apps.get_model("workshops", "Workshop")
    MinutesEntry = apps.get_model("workshops", "MinutesEntry")
    OldHistory = apps.get_model("workshops", "HistoricalMinutesEntry")
    entries = MinutesEntry.objects.filter(kind__in=KINDS)
    for workshop in Workshop.objects.order_by("pk"):
        own = list(entries.filter(workshop=workshop).order_by("order", "pk"))
        if own or any(getattr(workshop, name) for name in FRAME):
            _take_over_workshop(apps, workshop, own)
    moved = list(entries.values_list("pk", flat=True))
    MinutesEntry.objects.filter(parent__in=moved).update(parent=None)
    apps.get_model("workshops", "Attachment").objects.filter(entry__in=moved).update(entry=None)
    OldHistory.objects.filter(id__in=moved).delete()
    MinutesEntry.objects.filter(pk__in=moved).delete()
    _put_last_in_checkpoints(apps)


def _take_over_workshop(apps, workshop, entries):
    signatories = [entry for entry in entries if entry.kind == "signatory"]
    record = apps.get_model("agreements", "AgreementRecord").objects.create(
        workshop=workshop,
        status=_status(workshop, signatories, len(entries) > len(signatories)),
        preamble=workshop.agreement_preamble,
        place=workshop.agreement_place,
        agreed_on=workshop.agreement_on,
    )
    _history_of_record(apps, record)
    for number, entry in enumerate([entry for entry in entries if entry.kind == "agreement"], start=1):
        _agreement(apps, workshop, entry, number)
    for order, entry in enumerate(signatories, start=1):
        _signatory(apps, record, entry, order)


def _status(workshop, signatories, has_agreements):
    """Open for signing as soon as somebody has answered; published when all have and the minutes are closed."""
    answers = [entry.signature or "pending" for entry in signatories]
    if not has_agreements or (set(answers) <= {"pending"} and workshop.status != "closed") or not answers:
        return "signing" if set(answers) - {"pending"} else "draft"
    is_whole = "pending" not in answers and "signed" in answers
    return "published" if is_whole and workshop.status == "closed" else "signing"


def _agreement(apps, workshop, entry, number):
    Agreement = apps.get_model("agreements", "Agreement")
    values = {"uid": entry.uid, "key": f"{workshop.slug}-{number}", "workshop_id": workshop.pk, "number": number}
    agreement = Agreement.objects.create(
        **values, **_said(entry), agenda_item_id=entry.agenda_item_id, created_by_id=entry.updated_by_id
    )
    for line in _lines(apps, entry):
        apps.get_model("agreements", "HistoricalAgreement").objects.create(
            **values, **_said(line), **_line(line), id=agreement.pk, agenda_item_id=line.agenda_item_id
        )


def _said(entry):
    points = [line for line in entry.points.splitlines() if line.strip()]
    parts = [entry.title, entry.text, "\n".join(f"{number}. {line}" for number, line in enumerate(points, start=1))]
    text = "\n".join(part for part in parts if part.strip())
    return {"text": text or "–", "note": _rest(entry, OF_AGREEMENT)}


def _rest(entry, told):
    rest = {name: getattr(entry, name) for name in LABELS if name not in told}
    return "\n".join(f"{LABELS[name]}: {'ya' if value is True else value}" for name, value in rest.items() if value)


def _signatory(apps, record, entry, order):
    Signatory = apps.get_model("agreements", "Signatory")
    signatory = Signatory.objects.create(**_signed(record, entry, order))
    for line in _lines(apps, entry):
        values = _signed(record, line, order)
        apps.get_model("agreements", "HistoricalSignatory").objects.create(**values, **_line(line), id=signatory.pk)


def _signed(record, entry, order):
    state = entry.signature or "pending"
    is_signed, is_answered = state == "signed", state != "pending"
    return {
        "uid": entry.uid,
        "record_id": record.pk,
        "order": order,
        "name": (entry.speaker or entry.speaker_position or entry.speaker_organization or "–")[:200],
        "position": entry.speaker_position[:200],
        "organization_name": entry.speaker_organization,
        "represents": entry.on_behalf_of,
        "note": "\n".join(
            part for part in (_rest(entry, OF_SIGNATORY), _beyond(entry.speaker_position, 200)) if part
        ),
        "state": state,
        "how": "paper" if is_signed else "",
        "signed_on": (record.agreed_on or record.workshop.held_on) if is_signed else None,
        "reason": NOT_NOTED if state == "declined" else "",
        "answered_at": entry.updated_at if is_answered else None,
        "answered_by_id": entry.updated_by_id if is_answered else None,
    }


def _beyond(text, length):
    return text if len(text) > length else ""


def _lines(apps, entry):
    return apps.get_model("workshops", "HistoricalMinutesEntry").objects.filter(id=entry.pk).order_by("history_id")


def _line(line):
    return {
        "history_date": line.history_date,
        "history_change_reason": line.history_change_reason,
        "history_type": line.history_type,
        "history_user_id": line.history_user_id,
    }


def _history_of_record(apps, record):
    """A line for each line of the workshop that changed one of the three."""
    before = None
    lines = apps.get_model("workshops", "HistoricalWorkshop").objects.filter(id=record.workshop_id)
    for line in lines.order_by("history_id"):
        values = {new: getattr(line, old) for old, new in FRAME.items()}
        if values != before and (before or any(values.values())):
            apps.get_model("agreements", "HistoricalAgreementRecord").objects.create(
                **values,
                **{**_line(line), "history_type": "~" if before else "+"},
                id=record.pk,
                workshop_id=record.workshop_id,
                status=record.status,
            )
            before = values


def _put_last_in_checkpoints(apps):
    """Where snapshots have them from now on, so that an older checkpoint does not seem to have moved everything."""
    for checkpoint in apps.get_model("workshops", "Checkpoint").objects.all():
        rows = checkpoint.entries
        moved = [{**row, "parent": None} for kind in KINDS for row in rows if row["kind"] == kind]
        for row in moved:
            if row["kind"] == "signatory":
                row["agenda_item"] = None
        if moved:
            checkpoint.entries = [row for row in rows if row["kind"] not in KINDS] + moved
            checkpoint.save(update_fields=["entries"])


def give_back(apps, schema_editor):
    """Entries and workshops as before. Targets, replaced texts and how something was signed have no place there."""
    apps = _Apps(apps, schema_editor)
    MinutesEntry = apps.get_model("workshops", "MinutesEntry")
    for record in apps.get_model("agreements", "AgreementRecord").objects.select_related("workshop"):
        workshop = record.workshop
        for old, new in FRAME.items():
            setattr(workshop, old, getattr(record, new))
        workshop.save(update_fields=list(FRAME))
        last = MinutesEntry.objects.filter(workshop=workshop).order_by("-order").values_list("order", flat=True).first()
        order = last or 0
        for agreement in workshop.agreements.order_by("number"):
            order += 1
            MinutesEntry.objects.create(
                workshop=workshop,
                uid=agreement.uid,
                kind="agreement",
                order=order,
                text=agreement.text,
                agenda_item_id=agreement.agenda_item_id,
            )
        for signatory in record.signatories.order_by("order"):
            order += 1
            MinutesEntry.objects.create(
                workshop=workshop,
                uid=signatory.uid,
                kind="signatory",
                order=order,
                speaker=signatory.name,
                speaker_position=signatory.position,
                speaker_organization=signatory.organization_name,
                on_behalf_of=signatory.represents,
                signature=signatory.state if signatory.state in ("signed", "declined") else "pending",
            )
        workshop.agreements.all().delete()
        record.delete()


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_records"), ("workshops", "0004_areas_name_their_slum_area")]
    # What is taken over here is removed there.
    run_before = [("workshops", "0005_agreements_are_no_entries")]

    operations = [migrations.RunPython(take_over, give_back)]
