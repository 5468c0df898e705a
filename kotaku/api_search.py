"""Search over all subjects for programs, under the rights of the page."""

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from kotaku.searching import LONGEST, SearchForm, answer_to


class SearchQuerySerializer(serializers.Serializer):
    q = serializers.CharField(max_length=LONGEST, help_text="At least two letters or a number; at most ten words.")


class HitSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    piece = serializers.CharField(
        allow_blank=True, help_text="The text around the words, where the title has them not."
    )
    url = serializers.SerializerMethodField()

    def get_url(self, hit) -> str:
        return self.context["request"].build_absolute_uri(hit.url)


class FoundSerializer(serializers.Serializer):
    subject = serializers.CharField(source="key")
    label = serializers.CharField()
    count = serializers.IntegerField(source="total", help_text="How many there are; `results` are the first of them.")
    list_url = serializers.SerializerMethodField(help_text="The page that lists all of them; null where there is none.")
    results = HitSerializer(many=True, source="hits")

    def get_list_url(self, found) -> str | None:
        return self.context["request"].build_absolute_uri(found.list_url) if found.list_url else None


@extend_schema_serializer(many=False)
class AnswerSerializer(serializers.Serializer):
    q = serializers.CharField(source="text")
    count = serializers.IntegerField(source="total")
    subjects = FoundSerializer(many=True, source="groups")


class SearchViewSet(viewsets.ViewSet):
    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[SearchQuerySerializer], responses=AnswerSerializer, operation_id="search")
    def list(self, request):
        """What the person may find, by subject; a subject of which nothing was found is left out."""
        form = SearchForm(request.query_params)
        if not form.is_valid():
            raise ValidationError(form.errors)
        answer = answer_to(form.cleaned_data["q"], request.user)
        return Response(AnswerSerializer(answer, context={"request": request}).data)
