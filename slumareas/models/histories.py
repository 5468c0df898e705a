"""The history of what comes by the hundred thousand."""

from simple_history.models import HistoricalRecords


class ManyRecords(HistoricalRecords):
    """Without an index by user, which nobody asks for, or a constraint: whoever changed something is never deleted.

    An index, and a constraint to be checked row by row, each cost the database a tenth of what storing the row does.
    """

    def _get_history_user_fields(self):
        fields = super()._get_history_user_fields()
        fields["history_user"].db_index = False
        fields["history_user"].db_constraint = False
        return fields
