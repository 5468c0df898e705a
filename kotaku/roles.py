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

ROLE_PERMISSIONS = {
    User.Role.ADMIN: ["core.*", "workshops.*", "axes.*", "knox.*", "account.*", "mfa.*", "admin.*"],
    User.Role.PLANNER: [
        *REFERENCE,
        "core.add_organization",
        "core.change_organization",
        "workshops.*",
        "-workshops.close_workshop",
        "-workshops.reopen_workshop",
    ],
    User.Role.VERIFIER: [*REFERENCE, *WORKSHOPS_INSIDE, "workshops.close_workshop", "workshops.reopen_workshop"],
    User.Role.POKJA_MEMBER: [*REFERENCE, *WORKSHOPS_INSIDE],
    User.Role.OPD_USER: [*REFERENCE, *WORKSHOPS_INSIDE],
    User.Role.VILLAGE_USER: [*REFERENCE, *WORKSHOPS_READ],
    User.Role.VIEWER: [*REFERENCE, *WORKSHOPS_READ],
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
