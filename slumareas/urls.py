"""Addresses of slum areas: the collection, then what stands beside the areas, then one area."""

from django.urls import path

from slumareas.views import areas, entry, hectares, maps, papers, years

app_name = "slumareas"
urlpatterns = [
    path("", areas.AreaList.as_view(), name="area_list"),
    path("export.<str:format>", areas.area_export, name="area_export"),
    path("new/", entry.area_create, name="area_create"),
    path("map/", maps.slum_map, name="map"),
    path("map/data.json", maps.map_data, name="map_data"),
    path("map/boundaries.json", maps.map_boundaries, name="map_boundaries"),
    path("hectares/", hectares.hectares, name="hectares"),
    path("hectares/<int:pk>/explain/", hectares.hectares_explain, name="hectares_explain"),
    path("villages/", areas.VillageList.as_view(), name="village_list"),
    path("villages/export.<str:format>", areas.village_export, name="village_export"),
    path("villages/<str:code>/", areas.village_detail, name="village_detail"),
    path("villages/<str:code>/criteria/<slug:criterion>/", areas.village_criterion, name="village_criterion"),
    path("neighbourhoods/new/", entry.neighbourhood_create, name="neighbourhood_create"),
    path("neighbourhoods/<int:pk>/", areas.neighbourhood_detail, name="neighbourhood_detail"),
    path("neighbourhoods/<int:pk>/edit/", entry.neighbourhood_edit, name="neighbourhood_edit"),
    path("baselines/new/", entry.baseline_create, name="baseline_create"),
    path("baselines/<int:pk>/", areas.baseline_detail, name="baseline_detail"),
    path("baselines/<int:pk>/edit/", entry.baseline_edit, name="baseline_edit"),
    path("baselines/<int:pk>/delete/", entry.baseline_delete, name="baseline_delete"),
    path("baselines/<int:pk>/photo/", entry.baseline_photo, name="baseline_photo"),
    path("works/new/", entry.work_create, name="work_create"),
    path("works/<int:pk>/edit/", entry.work_edit, name="work_edit"),
    path("works/<int:pk>/delete/", entry.work_delete, name="work_delete"),
    path("years/", years.year_list, name="year_list"),
    path("years/<int:pk>/", years.year_detail, name="year_detail"),
    path("years/<int:pk>/verify/", years.year_verify, name="year_verify"),
    path("years/<int:pk>/lock/", years.year_lock, name="year_lock"),
    path("years/<int:pk>/reopen/", years.year_reopen, name="year_reopen"),
    path("<slug:slug>/", areas.area_detail, name="area_detail"),
    path("<slug:slug>/area-profile.pdf", papers.area_profile, name="area_profile_pdf"),
    path("<slug:slug>/criteria/<slug:criterion>/", areas.area_criterion, name="area_criterion"),
    path("<slug:slug>/edit/", entry.area_edit, name="area_edit"),
    path("<slug:slug>/boundaries/", entry.area_boundaries, name="area_boundaries"),
    path("<slug:slug>/boundaries/<int:pk>/delete/", entry.boundary_delete, name="boundary_delete"),
]
