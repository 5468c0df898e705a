import core.uploads
import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='DemoPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('loaded_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Letterhead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('government', models.CharField(max_length=150, verbose_name='government')),
                ('name', models.CharField(max_length=200, verbose_name='agency')),
                ('address', models.CharField(blank=True, max_length=200, verbose_name='address')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='phone')),
                ('fax', models.CharField(blank=True, max_length=40, verbose_name='fax')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('website', models.CharField(blank=True, max_length=100, verbose_name='website')),
                ('postcode', models.CharField(blank=True, max_length=10, verbose_name='postcode')),
                ('place', models.CharField(help_text='Stands before the date of a letter.', max_length=60, verbose_name='place of letters')),
                ('logo', models.ImageField(blank=True, help_text='PNG or JPEG.', upload_to='letterhead/', validators=[core.uploads.validate_picture], verbose_name='coat of arms')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'letterhead',
                'verbose_name_plural': 'letterheads',
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('is_active',), name='letterhead_one_in_use', violation_error_message='Another letterhead is in use; take that one out of use first.')],
            },
        ),
        migrations.CreateModel(
            name='Region',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='Kemendagri code with dots, e.g. 19.05.01.1001.', max_length=13, unique=True, validators=[django.core.validators.RegexValidator('^\\d\\d(\\.\\d\\d){1,2}(\\.\\d{4})?$', 'Enter the Kemendagri code with dots, e.g. 19.05.01.1001.')], verbose_name='code')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('level', models.CharField(choices=[('regency', 'regency'), ('district', 'district'), ('village', 'village')], max_length=8, verbose_name='level')),
                ('kind', models.CharField(blank=True, choices=[('kelurahan', 'urban village (kelurahan)'), ('desa', 'village (desa)')], max_length=9, verbose_name='kind')),
                ('boundary', models.JSONField(blank=True, help_text='GeoJSON geometry, WGS84 longitude and latitude; may be empty.', null=True, verbose_name='boundary')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='core.region', verbose_name='part of')),
            ],
            options={
                'verbose_name': 'region',
                'verbose_name_plural': 'regions',
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['kelurahan', 'desa']), ('level', 'village')), models.Q(models.Q(('level', 'village'), _negated=True), ('kind', '')), _connector='OR'), name='region_kind_for_villages_only', violation_error_message='Say kelurahan or desa for a village, and only for a village.')],
            },
        ),
        migrations.CreateModel(
            name='RegionAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='other spelling')),
                ('normalised', models.CharField(db_index=True, editable=False, max_length=100)),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='core.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'other spelling',
                'verbose_name_plural': 'other spellings',
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('region', 'normalised'), name='region_alias_once', violation_error_message='This spelling is already noted for the region.')],
            },
        ),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(help_text='Short, for addresses; letters and hyphens.', max_length=60, unique=True, verbose_name='key')),
                ('name', models.CharField(max_length=200, unique=True, verbose_name='name')),
                ('short_name', models.CharField(max_length=60, verbose_name='short name')),
                ('kind', models.CharField(choices=[('agency', 'regional agency (OPD)'), ('government', 'regional government'), ('ministry', 'ministry or its regional office'), ('village_government', 'district, kelurahan or desa office'), ('community', 'community body (LKM, BKM, KSM, KPP)'), ('company', 'company'), ('consultant', 'consultant'), ('other', 'other')], default='agency', max_length=20, verbose_name='kind')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('region', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='organizations', to='core.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'organization',
                'verbose_name_plural': 'organizations',
                'ordering': ['short_name'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='name with titles')),
                ('position', models.CharField(blank=True, max_length=150, verbose_name='position')),
                ('role', models.CharField(choices=[('admin', 'administrator'), ('planner', 'planner'), ('verifier', 'verifier'), ('pokja_member', 'Pokja PKP member'), ('opd_user', 'agency user'), ('village_user', 'village user'), ('viewer', 'viewer')], default='viewer', max_length=20, verbose_name='role')),
                ('feed_version', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='users', to='core.organization', verbose_name='organization')),
                ('region', models.ForeignKey(blank=True, help_text='A village user sees and drafts this region and what lies in it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='users', to='core.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='user_email_once', violation_error_message='Another account already uses this e-mail address.'), models.CheckConstraint(condition=models.Q(models.Q(('region', None), ('role', 'village_user'), _negated=True), models.Q(('organization', None), ('role', 'opd_user'), _negated=True)), name='user_scope_for_role', violation_error_message='A village user needs a region, an agency user needs an organization.')],
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='HistoricalLetterhead',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('government', models.CharField(max_length=150, verbose_name='government')),
                ('name', models.CharField(max_length=200, verbose_name='agency')),
                ('address', models.CharField(blank=True, max_length=200, verbose_name='address')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='phone')),
                ('fax', models.CharField(blank=True, max_length=40, verbose_name='fax')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('website', models.CharField(blank=True, max_length=100, verbose_name='website')),
                ('postcode', models.CharField(blank=True, max_length=10, verbose_name='postcode')),
                ('place', models.CharField(help_text='Stands before the date of a letter.', max_length=60, verbose_name='place of letters')),
                ('logo', models.TextField(blank=True, help_text='PNG or JPEG.', max_length=100, validators=[core.uploads.validate_picture], verbose_name='coat of arms')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical letterhead',
                'verbose_name_plural': 'historical letterheads',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalUser',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(db_index=True, error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='name with titles')),
                ('position', models.CharField(blank=True, max_length=150, verbose_name='position')),
                ('role', models.CharField(choices=[('admin', 'administrator'), ('planner', 'planner'), ('verifier', 'verifier'), ('pokja_member', 'Pokja PKP member'), ('opd_user', 'agency user'), ('village_user', 'village user'), ('viewer', 'viewer')], default='viewer', max_length=20, verbose_name='role')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.organization', verbose_name='organization')),
                ('region', models.ForeignKey(blank=True, db_constraint=False, help_text='A village user sees and drafts this region and what lies in it.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'historical user',
                'verbose_name_plural': 'historical users',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalRegion',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.CharField(db_index=True, help_text='Kemendagri code with dots, e.g. 19.05.01.1001.', max_length=13, validators=[django.core.validators.RegexValidator('^\\d\\d(\\.\\d\\d){1,2}(\\.\\d{4})?$', 'Enter the Kemendagri code with dots, e.g. 19.05.01.1001.')], verbose_name='code')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('level', models.CharField(choices=[('regency', 'regency'), ('district', 'district'), ('village', 'village')], max_length=8, verbose_name='level')),
                ('kind', models.CharField(blank=True, choices=[('kelurahan', 'urban village (kelurahan)'), ('desa', 'village (desa)')], max_length=9, verbose_name='kind')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.region', verbose_name='part of')),
            ],
            options={
                'verbose_name': 'historical region',
                'verbose_name_plural': 'historical regions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalOrganization',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('key', models.SlugField(help_text='Short, for addresses; letters and hyphens.', max_length=60, verbose_name='key')),
                ('name', models.CharField(db_index=True, max_length=200, verbose_name='name')),
                ('short_name', models.CharField(max_length=60, verbose_name='short name')),
                ('kind', models.CharField(choices=[('agency', 'regional agency (OPD)'), ('government', 'regional government'), ('ministry', 'ministry or its regional office'), ('village_government', 'district, kelurahan or desa office'), ('community', 'community body (LKM, BKM, KSM, KPP)'), ('company', 'company'), ('consultant', 'consultant'), ('other', 'other')], default='agency', max_length=20, verbose_name='kind')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('region', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.region', verbose_name='region')),
            ],
            options={
                'verbose_name': 'historical organization',
                'verbose_name_plural': 'historical organizations',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
    ]
