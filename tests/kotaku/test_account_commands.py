"""What a technician does at the server for who cannot log in, and the first account."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from core.models import User

pytestmark = pytest.mark.django_db


def refusal_of(*arguments) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--language", "en")
    return caught.value


def test_the_second_factor_of_one_account_is_removed(people, capsys):
    for role in ("planner", "verifier"):
        for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES):
            Authenticator.objects.create(user=people[role], type=kind, data={})
    call_command("remove_second_factor", people["planner"].username, "--language", "en")
    assert set(Authenticator.objects.values_list("user", flat=True)) == {people["verifier"].pk}
    assert "is removed" in capsys.readouterr().out


def test_nothing_to_remove_is_said(people):
    assert refusal_of("remove_second_factor", people["planner"].username).returncode == 1
    error = refusal_of("remove_second_factor", "siapa")
    assert (error.returncode, str(error)) == (2, "There is no account with the user name siapa.")


def test_the_first_account_is_an_administrator(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "kata-sandi-panjang")
    call_command("createsuperuser", "--noinput", "--username", "pertama", "--email", "pertama@example.go.id")
    first = User.objects.get()
    assert (first.role, first.is_staff) == ("admin", True)
    assert list(first.groups.values_list("name", flat=True)) == ["admin"]


def test_a_second_administrator_with_the_same_e_mail_address_is_told_so(people, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "kata-sandi-panjang")
    User.objects.filter(pk=people["planner"].pk).update(email="satu@example.go.id")
    with pytest.raises(CommandError, match="Alamat surel ini sudah dipakai akun lain"):
        call_command("createsuperuser", "--noinput", "--username", "kedua", "--email", "Satu@example.go.id")
    assert not User.objects.filter(username="kedua").exists()
