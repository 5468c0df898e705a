"""Everything an installation holds as one file, and back again.

`archive` is the file itself and knows no database, `rows` turns records into lines and back, `beside` builds a database
next to the one in use and puts it in its place, `saving` and `restoring` put these together.
"""
