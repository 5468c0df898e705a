"""The list of packages, and its rows as a file."""

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import ListView

from assets import exporting
from assets.filters import PackageFilter
from assets.views.access import visible_packages
from core.models import SavedFilter

ROWS_A_PAGE = 25


class PackageList(ListView):
    paginate_by = ROWS_A_PAGE
    template_name = "assets/package_list.html"

    def get_queryset(self):
        self.today = timezone.localdate()
        self.filter = PackageFilter(self.request.GET, queryset=visible_packages(self.request))
        return with_rows(self.filter.qs, self.today)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            section="packages",
            filter=self.filter,
            today=self.today,
            formats=exporting.FORMATS,
            export_query=self.request.GET.urlencode(),
            saved_filters=SavedFilter.objects.of(self.request.user, self.request.path),
            is_searched=self.filter.is_searched,
            sees_papers=self.request.user.has_perm("assets.view_document"),
            **kwargs,
        )


def with_rows(packages, today):
    """With what a row of the list shows."""
    named = packages.select_related("giver", "receiver", "holder", "village__parent")
    return named.days_waiting(today).with_papers(today)


def package_export(request, format):
    if format not in exporting.FORMATS:
        raise Http404
    found = PackageFilter(request.GET, queryset=visible_packages(request))
    columns = exporting.COLUMNS
    if not request.user.has_perm("assets.view_document"):
        columns = [column for column in columns if not column.key.startswith("papers_")]
    packages = with_rows(found.qs, timezone.localdate())
    content = exporting.write(format, packages, columns, _("Packages"))
    response = HttpResponse(content, content_type=exporting.FORMATS[format])
    response["Content-Disposition"] = f'attachment; filename="{_("packages")}.{format}"'
    response["Cache-Control"] = "private, no-store"
    return response
