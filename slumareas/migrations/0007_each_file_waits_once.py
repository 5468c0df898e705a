from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):

    dependencies = [
        ("slumareas", "0006_drop_files_that_wait_twice"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='import',
            constraint=models.UniqueConstraint(models.F('sha256'), models.F('year'), models.F('named_rule_set'), Coalesce('region', 0), models.F('by'), condition=models.Q(('state__in', ['received', 'previewed']), ('by__isnull', False)), name='import_waits_once', violation_error_message='This file waits here already.'),
        ),
    ]
