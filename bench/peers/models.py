"""The tables of the portal as Django models, as far as cards and search need them."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext, ngettext

from portal.catalogue import costs
from portal.catalogue.naming import KINDS, TITLES


class Place(models.Model):
    """A town, or an area of one."""

    name = models.CharField(max_length=80)
    slug = models.CharField(max_length=80)
    province = models.CharField(max_length=80)

    class Meta:
        managed, db_table = False, "place"


class Agency(models.Model):
    """Who publishes."""

    name = models.CharField(max_length=120)

    class Meta:
        managed, db_table = False, "agency"


class Property(models.Model):
    """A home, with the words of its card."""

    public_id = models.CharField(max_length=12)
    state = models.CharField(max_length=10)
    kind = models.CharField(max_length=20)
    offer = models.CharField(max_length=10)
    new_build = models.BooleanField(null=True)
    price_minor = models.BigIntegerField(null=True)
    bedrooms = models.IntegerField(null=True)
    bathrooms = models.IntegerField(null=True)
    built_m2 = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    plot_m2 = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    energy_state = models.CharField(max_length=10)
    energy_consumption = models.CharField(max_length=1, null=True)
    published_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField()
    town = models.ForeignKey(Place, models.CASCADE, related_name="+")
    area = models.ForeignKey(Place, models.CASCADE, related_name="+", null=True)
    agency = models.ForeignKey(Agency, models.CASCADE)

    class Meta:
        managed, db_table = False, "property"

    @property
    def price(self) -> int:
        """Whole euros."""
        return (self.price_minor or 0) // 100

    @property
    def total(self) -> int:
        """Whole euros with taxes and costs: the rules of the law are the portal's own."""
        bought = costs.Purchase(self.price_minor, self.new_build, self.town.province, self.offer, self.kind)
        return (costs.total_minor(bought, timezone.localdate()) or 0) // 100

    def title(self) -> str:
        """Kind and place."""
        place = f"{self.area.name}, {self.town.name}" if self.area else self.town.name
        return gettext(TITLES[self.offer]) % {"kind": gettext(KINDS[self.kind]), "place": place}

    def key(self) -> str:
        """The end of its address."""
        return f"{self.public_id}-{slugify(self.title())}"

    def is_new(self) -> bool:
        """Whether it was published within a week."""
        return self.published_at is not None and timezone.now() - self.published_at < timedelta(days=7)

    def seen(self) -> str:
        """How long ago it was confirmed."""
        days = (timezone.localdate() - timezone.localdate(self.last_seen_at)).days
        if days <= 1:
            return gettext("Confirmed yesterday") if days == 1 else gettext("Confirmed today")
        return ngettext("Confirmed %(days)s day ago", "Confirmed %(days)s days ago", days) % {"days": days}


class Media(models.Model):
    """A picture by the hash of its content."""

    hash = models.CharField(max_length=64, primary_key=True)
    state = models.CharField(max_length=7)
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    colour = models.CharField(max_length=4, null=True)

    class Meta:
        managed, db_table = False, "media"


class Photo(models.Model):
    """A picture of a home."""

    property = models.ForeignKey(Property, models.CASCADE)
    position = models.IntegerField()
    kind = models.CharField(max_length=10)
    media = models.ForeignKey(Media, models.CASCADE, db_column="media", null=True)

    class Meta:
        managed, db_table = False, "property_photo"
