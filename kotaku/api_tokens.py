"""The door for programs: a token for a user name and password, kept hashed, expiring, revocable."""

from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response


class CredentialsSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    code = serializers.CharField(max_length=20, required=False, help_text="From the app, where a second factor is set.")


class NewTokenSerializer(serializers.Serializer):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TokenSerializer(serializers.ModelSerializer):
    key = serializers.CharField(source="token_key")
    expires_at = serializers.DateTimeField(source="expiry")

    class Meta:
        model = AuthToken
        fields = ["key", "created", "expires_at"]


class TokenViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    """Own tokens. The token itself is shown once, in the answer that creates it."""

    queryset = AuthToken.objects.order_by("-created")
    serializer_class = TokenSerializer
    filter_backends: list = []
    lookup_field = "token_key"
    lookup_url_kwarg = "key"
    lookup_value_regex = r"\w{1,25}"
    extra_status_codes = ("429",)

    def get_permissions(self):
        return [AllowAny() if self.action == "create" else IsAuthenticated()]

    def get_authenticators(self):
        # Whoever asks for a token is known by the password alone, not by a session that came along.
        return [] if self.request and self.request.method == "POST" else super().get_authenticators()

    def get_queryset(self):
        return super().get_queryset().filter(user=self.request.user)

    @extend_schema(request=CredentialsSerializer, responses={201: NewTokenSerializer})
    def create(self, request):
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        given = credentials.validated_data
        user = authenticate(request._request, username=given["username"], password=given["password"])
        if user is None:
            raise ValidationError({"detail": _("User name or password is not right.")})
        self._check_second_factor(user, given.get("code", ""))
        stored, token = AuthToken.objects.create(user=user)
        answer = NewTokenSerializer({"token": token, "expires_at": stored.expiry})
        return Response(answer.data, status=status.HTTP_201_CREATED)

    def _check_second_factor(self, user, code: str) -> None:
        totp = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
        if totp is None or (code and totp.wrap().validate_code(code)):
            return
        if code:
            # A wrong code counts like a wrong password; otherwise it could be guessed without end.
            user_login_failed.send(
                sender=__name__, credentials={"username": user.username}, request=self.request._request
            )
        raise ValidationError({"code": [_("This account has a second factor: send the present code from the app.")]})
