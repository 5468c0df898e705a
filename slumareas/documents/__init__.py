"""The paper of a slum area: a function from the record to the bytes of a PDF.

The words are those of Indonesian planning documents and stay Indonesian in every language of the pages; names of
criteria and aspects come from the table of the rule. No clock: the same record gives the same bytes.
"""

from slumareas.documents.issued import profile_as_issued, unissued_profiles
from slumareas.documents.profile import area_profile, profile_context, results_of

__all__ = ["area_profile", "profile_as_issued", "profile_context", "results_of", "unissued_profiles"]
