"""Indonesian dates and numbers where Django's own set differs from official papers: 16 Juli 2019, 09.15, 85,20."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "H.i"
DATETIME_FORMAT = "j F Y, H.i"
SHORT_DATE_FORMAT = "d-m-Y"
SHORT_DATETIME_FORMAT = "d-m-Y H.i"
DECIMAL_SEPARATOR = ","
THOUSAND_SEPARATOR = "."
NUMBER_GROUPING = 3
TIME_INPUT_FORMATS = ["%H.%M", "%H:%M", "%H:%M:%S"]
