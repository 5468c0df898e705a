"""What each role may do, as one table. Where it may be done is decided by `visible_to` of each model.

`*` stands for add, change, delete and view of one model, `app.*` for all models of an app.
"""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from core.models import User

REFERENCE = ["core.view_region", "core.view_regionalias", "core.view_organization"]
WORKSHOPS_READ = [
    "workshops.view_workshop",
    "workshops.view_workshoparea",
    "workshops.view_agendaitem",
    "workshops.view_reportsection",
    "workshops.view_minutesentry",
    "workshops.view_textualnote",
    "workshops.view_leader",
    "workshops.view_attachment",
    "workshops.view_statuschange",
]
WORKSHOPS_INSIDE = [*WORKSHOPS_READ, "workshops.view_participant", "workshops.view_checkpoint"]
SLUM_AREAS_READ = [
    "slumareas.view_slumarea",
    "slumareas.view_decree",
    "slumareas.view_decreearea",
    "slumareas.view_reportinggroup",
    "slumareas.view_reportedhectares",
    "slumareas.view_areaboundary",
    "slumareas.view_assessmentyear",
    "slumareas.view_assessment",
]
SLUM_AREAS_INSIDE = [
    *SLUM_AREAS_READ,
    "slumareas.view_neighbourhoodunit",
    "slumareas.view_baseline",
    "slumareas.view_columnmapping",
    "slumareas.view_import",
    "slumareas.view_work",
    "slumareas.view_yearstatuschange",
]
# What a village drafts itself, in its own region.
SLUM_AREAS_DRAFT = [
    "slumareas.add_neighbourhoodunit",
    "slumareas.change_neighbourhoodunit",
    "slumareas.add_baseline",
    "slumareas.change_baseline",
]
YEAR_VERBS = [
    "slumareas.verify_assessmentyear",
    "slumareas.lock_assessmentyear",
    "slumareas.reopen_assessmentyear",
]

AGREEMENTS_READ = [
    "agreements.view_agreementrecord",
    "agreements.view_agreement",
    "agreements.view_signatory",
    "agreements.view_followup",
    "agreements.view_funding",
]
# With the people who are named, and with the evidence.
AGREEMENTS_OWN = [
    *AGREEMENTS_READ,
    "agreements.view_people",
    "agreements.view_evidence",
    "agreements.view_followupchange",
]
AGREEMENTS_INSIDE = [
    *AGREEMENTS_OWN,
    "agreements.view_review",
    "agreements.view_reviewitem",
    "agreements.view_raisedentry",
    "agreements.view_entryrefusal",
    "agreements.view_recordchange",
]
# What is reported about the own follow-ups.
AGREEMENTS_REPORT = ["agreements.report_followup", "agreements.add_evidence", "agreements.delete_evidence"]

ROLE_PERMISSIONS = {
    User.Role.ADMIN: [
        "core.*",
        "workshops.*",
        "slumareas.*",
        "agreements.*",
        "axes.*",
        "knox.*",
        "account.*",
        "mfa.*",
        "admin.*",
    ],
    User.Role.PLANNER: [
        *REFERENCE,
        "core.add_organization",
        "core.change_organization",
        "workshops.*",
        "-workshops.close_workshop",
        "-workshops.reopen_workshop",
        "slumareas.*",
        *(f"-{verb}" for verb in YEAR_VERBS),
        "agreements.*",
        "-agreements.publish_agreementrecord",
        "-agreements.review_evidence",
        "-agreements.decide_review",
        "-agreements.reopen_review",
    ],
    User.Role.VERIFIER: [
        *REFERENCE,
        *WORKSHOPS_INSIDE,
        "workshops.close_workshop",
        "workshops.reopen_workshop",
        *SLUM_AREAS_INSIDE,
        *YEAR_VERBS,
        *AGREEMENTS_INSIDE,
        "agreements.view_signature",
        "agreements.publish_agreementrecord",
        "agreements.close_review",
        "agreements.reopen_review",
    ],
    User.Role.POKJA_MEMBER: [
        *REFERENCE,
        *WORKSHOPS_INSIDE,
        *SLUM_AREAS_INSIDE,
        *AGREEMENTS_INSIDE,
        "agreements.review_evidence",
        "agreements.decide_review",
    ],
    User.Role.OPD_USER: [
        *REFERENCE,
        *WORKSHOPS_INSIDE,
        *SLUM_AREAS_INSIDE,
        *AGREEMENTS_INSIDE,
        *AGREEMENTS_REPORT,
    ],
    User.Role.VILLAGE_USER: [
        *REFERENCE,
        *WORKSHOPS_READ,
        *SLUM_AREAS_INSIDE,
        *SLUM_AREAS_DRAFT,
        *AGREEMENTS_OWN,
        *AGREEMENTS_REPORT,
    ],
    User.Role.VIEWER: [*REFERENCE, *WORKSHOPS_READ, *SLUM_AREAS_READ, *AGREEMENTS_READ],
}


def _named(name: str) -> Q:
    app, codename = name.split(".")
    if codename == "*":
        return Q(content_type__app_label=app)
    return Q(content_type__app_label=app, codename=codename)


def grant_roles(**kwargs) -> None:
    """Make each role's group hold exactly the permissions of the table. Runs after every `migrate`."""
    for role, names in ROLE_PERMISSIONS.items():
        granted, withheld = Q(), Q(pk__in=[])
        for name in names:
            if name.startswith("-"):
                withheld |= _named(name[1:])
            else:
                granted |= _named(name)
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(Permission.objects.filter(granted).exclude(withheld))
        group.user_set.set(User.objects.filter(role=role))
