"""What an import is at, as a person who waits reads it. Source strings: translated where they are shown."""

from django.utils.translation import gettext_noop

READING = gettext_noop("Reading the file")
CHECKING = gettext_noop("Checking the rows")
COMPARING = gettext_noop("Comparing with what is stored")
SHOWING = gettext_noop("Preparing the preview")
STORING = gettext_noop("Storing the rows")
SUMMING = gettext_noop("Computing the results")
MARKING = gettext_noop("Writing the reasons into the workbook")
TAKING_BACK = gettext_noop("Taking the rows back")
ROWS_A_SIGN = 500  # so often it is told how far the rows are
