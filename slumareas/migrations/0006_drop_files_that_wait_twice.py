"""A file that one person sent twice and that waits twice: the later one stays."""

from django.db import migrations


def drop_earlier_ones(apps, schema_editor):
    imports = apps.get_model("slumareas", "Import").objects.using(schema_editor.connection.alias)
    waiting = imports.filter(state="previewed", by__isnull=False)
    seen = set()
    for record in waiting.order_by("-at", "-pk"):
        what = (record.sha256, record.year, record.region_id, record.by_id)
        if what in seen:
            for file in (record.file, record.preview):
                if file:
                    file.delete(save=False)
            record.delete()
        seen.add(what)


class Migration(migrations.Migration):
    dependencies = [("slumareas", "0005_imports_in_the_background")]
    operations = [migrations.RunPython(drop_earlier_ones, migrations.RunPython.noop, elidable=True)]
