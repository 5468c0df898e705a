"""The filters that a person keeps, for every list that shows `includes/saved_filters.html`."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.models import SavedFilter
from core.refusals import Refused

MOST = 20
PASSING = ("page", "page_size")


@require_POST
def saved_filter_add(request):
    path, name = request.POST.get("path", ""), " ".join(request.POST.get("name", "").split())
    kept = SavedFilter(user=request.user, path=path, name=name, query=_without_noise(request.POST.get("query", "")))
    try:
        resolve(path)
    except Resolver404:
        return redirect("home")
    try:
        if request.user.saved_filters.count() >= MOST:
            raise Refused(_("You keep %(number)s filters already. Remove one first.") % {"number": MOST})
        kept.full_clean()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages) if name else _("Give the filter a name."))
    else:
        kept.save()
        messages.success(request, _("“%(name)s” is kept; it stands above the list.") % {"name": name})
    return redirect(kept.get_absolute_url() if kept.query else path)


@require_POST
def saved_filter_remove(request, pk):
    kept = get_object_or_404(SavedFilter, user=request.user, pk=pk)
    kept.delete()
    messages.success(request, _("“%(name)s” is removed.") % {"name": kept.name})
    return redirect(kept.path)


def _without_noise(query: str) -> str:
    """What narrows the list: empty fields and the page number belong to no filter."""
    told = QueryDict(query, mutable=True)
    for name in list(told):
        if name in PASSING or not any(told.getlist(name)):
            del told[name]
    return told.urlencode()
