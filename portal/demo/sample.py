"""The demo's agencies: four invented firms that share the coast among them.

Names that belong to nobody, addresses under `.example`, telephone numbers in a block that is not assigned.
"""

from typing import NamedTuple


class Sample(NamedTuple):
    """One agency with its office, its hours, the person who receives its leads, and the towns whose homes it offers."""

    slug: str
    name: str
    prefix: str
    street: str
    postal_code: str
    town: str
    phone: str
    locale: str
    contact: str
    hours: str
    towns: tuple[str, ...]

    @property
    def email(self) -> str:
        """Where its leads go."""
        return f"leads@{self.slug}.example"


SAMPLES = (
    Sample(
        "quicial-homes", "Quicial Homes", "QH", "Calle del Farol 12", "29680", "Estepona", "+34 952 000 118", "en",
        "Harriet Penhallow", "Mo-Fr 09:00-18:00; Sa 10:00-13:00", ("Manilva", "Casares", "Estepona"),
    ),
    Sample(
        "tres-zaguanes", "Tres Zaguanes", "TZ", "Plaza de la Palma 3", "29602", "Marbella", "+34 952 000 127", "es",
        "Lucía Berrocal", "Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00", ("Benahavís", "Marbella", "Ojén"),
    ),
    Sample(
        "jarcia-y-cal", "Jarcia y Cal", "JC", "Calle de la Sardina 41", "29640", "Fuengirola", "+34 952 000 136", "es",
        "Andrés Tocón", "Mo-Th 09:00-14:00,17:00-20:00; Fr 09:00-15:00",
        ("Mijas", "Fuengirola", "Benalmádena", "Torremolinos"),
    ),
    Sample(
        "azotea-nueve", "Azotea Nueve", "AN", "Calle del Romero 9", "29015", "Málaga", "+34 952 000 145", "en",
        "Maeve Larkspur", "Tu-Fr 10:00-14:00,16:00-19:00; Sa-Su 11:00-14:00",
        ("Málaga", "Rincón de la Victoria", "Torrox", "Nerja"),
    ),
)  # fmt: skip
