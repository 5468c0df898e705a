"""Addresses of workshops. Fixed words stand before the slug, which may not be one of them."""

from django.urls import path

from workshops.models import Workshop
from workshops.views import agenda, checkin, checkpoints, minutes, papers, participants, workshops

app_name = "workshops"
urlpatterns = [
    path("", workshops.WorkshopList.as_view(), name="workshop_list"),
    path("new/", workshops.WorkshopCreate.as_view(), name="workshop_create"),
    path("check-in/", checkin.check_in_start, name="check_in_start"),
    path("check-in/<str:code>/", checkin.check_in_self, name="check_in_self"),
    path("<slug:slug>/", workshops.workshop_detail, name="workshop_detail"),
    path("<slug:slug>/delete/", workshops.workshop_delete, name="workshop_delete"),
    path("<slug:slug>/report-sent/", workshops.workshop_report_sent, name="workshop_report_sent"),
    *[
        path(f"<slug:slug>/{verb}/", workshops.workshop_verb, {"verb": verb}, name=f"workshop_{verb}")
        for verb in Workshop.TRANSITIONS
    ],
    *[
        path(f"<slug:slug>/parts/{part}/", workshops.workshop_part, {"part": part}, name=f"workshop_{part}")
        for part in workshops.PARTS
    ],
    *[
        path(f"<slug:slug>/rows/{part}/", workshops.workshop_rows, {"part": part}, name=f"workshop_{part}")
        for part in workshops.ROWS
    ],
    # agenda
    path("<slug:slug>/agenda/", agenda.agenda, name="agenda"),
    path("<slug:slug>/agenda/copy/", agenda.agenda_copy, name="agenda_copy"),
    path("<slug:slug>/agenda/<int:pk>/", agenda.agenda_item, name="agenda_item"),
    path("<slug:slug>/agenda/<int:pk>/move/", agenda.agenda_item_move, name="agenda_item_move"),
    path("<slug:slug>/agenda/<int:pk>/delete/", agenda.agenda_item_delete, name="agenda_item_delete"),
    # minutes
    path("<slug:slug>/minutes/", minutes.minutes, name="minutes"),
    path("<slug:slug>/minutes/state/", minutes.minutes_state, name="minutes_state"),
    path("<slug:slug>/minutes/cards/", minutes.minutes_cards, name="minutes_cards"),
    path("<slug:slug>/minutes/people/", minutes.minutes_people, name="minutes_people"),
    path("<slug:slug>/minutes/new/", minutes.minutes_new, name="minutes_new"),
    path("<slug:slug>/minutes/items/<int:pk>/stamp/", minutes.minutes_stamp, name="minutes_stamp"),
    path("<slug:slug>/minutes/entries/<uuid:uid>/", minutes.minutes_entry, name="minutes_entry"),
    path("<slug:slug>/minutes/entries/<uuid:uid>/move/", minutes.minutes_entry_move, name="minutes_entry_move"),
    path("<slug:slug>/minutes/entries/<uuid:uid>/delete/", minutes.minutes_entry_delete, name="minutes_entry_delete"),
    path("<slug:slug>/minutes/checkpoints/", checkpoints.checkpoints, name="checkpoints"),
    path("<slug:slug>/minutes/checkpoints/compare/", checkpoints.checkpoint_compare, name="checkpoint_compare"),
    path(
        "<slug:slug>/minutes/checkpoints/<int:pk>/restore/", checkpoints.checkpoint_restore, name="checkpoint_restore"
    ),
    # participants and check-in
    path("<slug:slug>/participants/", participants.participants, name="participants"),
    path("<slug:slug>/participants/add/", participants.participant_create, name="participant_create"),
    path("<slug:slug>/participants/invite/", participants.participant_invite, name="participant_invite"),
    path("<slug:slug>/participants/import/", participants.participant_import, name="participant_import"),
    path("<slug:slug>/participants/template.xlsx", participants.participant_template, name="participant_template"),
    *[
        path(
            f"<slug:slug>/participants.{kind}",
            participants.participant_export,
            {"kind": kind},
            name=f"participant_export_{kind}",
        )
        for kind in ("xlsx", "csv")
    ],
    path("<slug:slug>/participants/<int:pk>/", participants.participant_edit, name="participant_edit"),
    path("<slug:slug>/participants/<int:pk>/delete/", participants.participant_delete, name="participant_delete"),
    path("<slug:slug>/check-in/", checkin.check_in, name="check_in"),
    path("<slug:slug>/check-in/poster/", checkin.check_in_poster, name="check_in_poster"),
    path("<slug:slug>/check-in/renew/", checkin.check_in_renew, name="check_in_renew"),
    path("<slug:slug>/check-in/walk-in/", checkin.check_in_walk_in, name="check_in_walk_in"),
    *[
        path(
            f"<slug:slug>/check-in/<int:pk>/{verb}/",
            checkin.check_in_verb,
            {"verb": verb},
            name=f"check_in_{verb.replace('-', '_')}",
        )
        for verb in checkin.DESK_VERBS
    ],
    # papers, files, calendar, history
    path("<slug:slug>/minutes.pdf", papers.minutes_pdf, name="minutes_pdf"),
    path("<slug:slug>/invitation.pdf", papers.invitation_pdf, name="invitation_pdf"),
    path("<slug:slug>/attendance.pdf", papers.attendance_pdf, name="attendance_pdf"),
    path("<slug:slug>/agenda/<int:pk>/extract.pdf", papers.extract_pdf, name="extract_pdf"),
    path("<slug:slug>/files/", papers.files, name="files"),
    path("<slug:slug>/files/<int:pk>/", papers.attachment, name="attachment"),
    path("<slug:slug>/files/<int:pk>/delete/", papers.attachment_delete, name="attachment_delete"),
    path("<slug:slug>/history/", papers.history, name="history"),
    path("<slug:slug>/calendar.ics", papers.workshop_calendar, name="workshop_calendar"),
]
