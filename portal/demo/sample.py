"""The demo's agencies: four invented firms that share the coast among them.

Names that belong to nobody, addresses under `.example`, telephone numbers in a block that is not assigned.
"""

from typing import NamedTuple


class Sample(NamedTuple):
    """One agency with its office, the person who receives its leads, and the towns whose homes it offers."""

    slug: str
    name: str
    prefix: str
    street: str
    postal_code: str
    town: str
    phone: str
    locale: str
    contact: str
    towns: tuple[str, ...]

    @property
    def email(self) -> str:
        """Where its leads go."""
        return f"leads@{self.slug}.example"


SAMPLES = (
    Sample(
        "quicial-homes", "Quicial Homes", "QH", "Calle del Farol 12", "29680", "Estepona", "+34 952 000 118", "en",
        "Harriet Penhallow", ("Manilva", "Casares", "Estepona"),
    ),
    Sample(
        "tres-zaguanes", "Tres Zaguanes", "TZ", "Plaza de la Palma 3", "29602", "Marbella", "+34 952 000 127", "es",
        "Lucía Berrocal", ("Benahavís", "Marbella", "Ojén"),
    ),
    Sample(
        "jarcia-y-cal", "Jarcia y Cal", "JC", "Calle de la Sardina 41", "29640", "Fuengirola", "+34 952 000 136", "es",
        "Andrés Tocón", ("Mijas", "Fuengirola", "Benalmádena", "Torremolinos"),
    ),
    Sample(
        "azotea-nueve", "Azotea Nueve", "AN", "Calle del Romero 9", "29015", "Málaga", "+34 952 000 145", "en",
        "Maeve Larkspur", ("Málaga", "Rincón de la Victoria", "Torrox", "Nerja"),
    ),
)  # fmt: skip
