"""The Django site: settings, the one view, its addresses. gunicorn runs `bench.peers.site:application`.

`PEER_DATABASE` is a SQLite file of the portal, `PEER_TEMPLATES` the folder with `list.html`.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext

from portal.addresses import SEARCH_OFFERS
from portal.catalogue.naming import KINDS
from portal.catalogue.properties import VISIBLE
from portal.catalogue.statements import PAGE
from portal.web.search import BEDROOMS, ORDERS, PRICES

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PEER_DATABASE"], "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": False,
        }
    },
    INSTALLED_APPS=["django.contrib.humanize", "bench.peers"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.http.ConditionalGetMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="k" * 50,
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [os.environ["PEER_TEMPLATES"]]}
    ],
    TIME_ZONE="Europe/Madrid",
    USE_TZ=True,
)  # fmt: skip
application = get_wsgi_application()  # before the models: they need the settings
# Django must be set up before its models are imported.
from django.db.models import Count, OuterRef, Subquery  # noqa: E402

from bench.peers.models import Media, Photo, Property  # noqa: E402

COLUMNS = (
    "public_id", "kind", "offer", "new_build", "price_minor", "bedrooms", "bathrooms", "built_m2", "plot_m2",
    "energy_state", "energy_consumption", "published_at", "last_seen_at", "town__name", "town__province",
    "area__name", "agency__name",
)  # fmt: skip
PHOTOS = Photo.objects.filter(property=OuterRef("pk"), kind="photo", media__state__in=("new", "ready"))
FIRST = Subquery(PHOTOS.order_by("position").values("media_id")[:1])


def show(request: HttpRequest, offer: str) -> HttpResponse:
    """The first page of homes, dearer than `price_min` euros: homes, their pictures, count, towns; four queries."""
    on_offer = Property.objects.filter(state__in=VISIBLE, offer__in=SEARCH_OFFERS[offer])
    price_min = int(request.GET.get("price_min", 0))
    homes = on_offer.filter(price_minor__gte=price_min * 100) if price_min else on_offer
    newest = homes.order_by("-published_at", "-id")[: PAGE + 1]
    cards = list(
        Property.objects.filter(pk__in=newest.values("pk")).select_related("town", "area", "agency").only(*COLUMNS)
        .annotate(media=FIRST).order_by("-published_at", "-id")
    )  # fmt: skip
    pictures = Media.objects.in_bulk([home.media for home in cards])
    for home in cards:
        home.picture = pictures.get(home.media)
    context = {
        "homes": cards[:PAGE],
        "following": cards[PAGE - 1].public_id if len(cards) > PAGE else None,
        "count": homes.count(),
        "towns": on_offer.values_list("town__slug", "town__name").annotate(homes=Count("id"))
        .order_by("-homes", "town__name"),
        "price_min": price_min, "prices": PRICES, "bedrooms": BEDROOMS,
        "types": [(kind, gettext(label)) for kind, label in KINDS.items()],
        "orders": [(order, gettext(label)) for order, label in ORDERS.items()],
    }  # fmt: skip
    return render(request, "list.html", context)


def elsewhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Stands for the pages that addresses lead to."""
    return HttpResponse(rest)


urlpatterns = [
    path("en/p/<key>", elsewhere, name="home"),
    path("en/<offer>", show, name="search"),
    path("<path:rest>", elsewhere, name="page"),
]
