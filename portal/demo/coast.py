"""The coast: towns and areas between Manilva and Nerja, where they lie, what lies around them, what homes cost there.

Real places with rounded figures, for the demo alone. Centres are given on land with room towards the sea, so that homes
scattered inland around them stand on dry ground.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Area(NamedTuple):
    """A part of a town. `price` is euros a built m² of an ordinary flat to buy; `setting` says what lies around."""

    town: str
    name: str
    postal_code: str
    latitude: float
    longitude: float
    setting: str  # beach | town | village | golf | hills | country
    price: int


# Town, area, postal code, centre, setting, € a m².
AREAS = tuple(Area(*row) for row in (
    ("Manilva", "Puerto de la Duquesa", "29692", 36.3580, -5.2320, "beach", 2600),
    ("Manilva", "San Luis de Sabinillas", "29692", 36.3690, -5.2270, "beach", 2450),
    ("Manilva", "Manilva Pueblo", "29691", 36.3765, -5.2500, "village", 1750),
    ("Casares", "Casares Costa", "29690", 36.4000, -5.2060, "beach", 2900),
    ("Casares", "Doña Julia", "29690", 36.4060, -5.2170, "golf", 2850),
    ("Casares", "Casares Pueblo", "29690", 36.4443, -5.2730, "village", 1450),
    ("Estepona", "Estepona Centro", "29680", 36.4275, -5.1475, "town", 3300),
    ("Estepona", "Puerto de Estepona", "29680", 36.4190, -5.1610, "beach", 3600),
    ("Estepona", "Cancelada", "29688", 36.4690, -5.0530, "hills", 3500),
    ("Estepona", "El Paraíso", "29688", 36.4790, -5.0330, "golf", 3700),
    ("Estepona", "Atalaya", "29688", 36.4800, -5.0190, "golf", 3600),
    ("Benahavís", "Benahavís Pueblo", "29679", 36.5235, -5.0460, "village", 2900),
    ("Benahavís", "La Quinta", "29679", 36.5170, -4.9990, "golf", 4600),
    ("Benahavís", "Los Arqueros", "29679", 36.5160, -5.0160, "golf", 3900),
    ("Benahavís", "Monte Mayor", "29679", 36.5040, -5.0680, "hills", 4200),
    ("Marbella", "San Pedro de Alcántara", "29670", 36.4890, -4.9910, "town", 3900),
    ("Marbella", "Guadalmina Baja", "29678", 36.4730, -5.0030, "golf", 5200),
    ("Marbella", "Nueva Andalucía", "29660", 36.5000, -4.9600, "golf", 4900),
    ("Marbella", "Nagüeles", "29602", 36.5190, -4.9130, "hills", 5600),
    ("Marbella", "Marbella Centro", "29601", 36.5115, -4.8860, "town", 4700),
    ("Marbella", "Elviria", "29604", 36.4970, -4.7790, "hills", 4300),
    ("Ojén", "Ojén Pueblo", "29610", 36.5645, -4.8560, "village", 2100),
    ("Ojén", "La Mairena", "29612", 36.5270, -4.7620, "hills", 3300),
    ("Mijas", "La Cala de Mijas", "29649", 36.5075, -4.6870, "beach", 3900),
    ("Mijas", "Sitio de Calahonda", "29649", 36.4960, -4.7140, "hills", 3200),
    ("Mijas", "Mijas Pueblo", "29650", 36.5958, -4.6375, "village", 2500),
    ("Mijas", "Entrerríos", "29650", 36.5560, -4.6960, "country", 2300),
    ("Fuengirola", "Fuengirola Centro", "29640", 36.5410, -4.6270, "town", 3700),
    ("Fuengirola", "Los Boliches", "29640", 36.5550, -4.6185, "beach", 3900),
    ("Fuengirola", "Torreblanca", "29640", 36.5700, -4.6110, "hills", 3600),
    ("Benalmádena", "Benalmádena Pueblo", "29639", 36.5955, -4.5730, "village", 3000),
    ("Benalmádena", "Arroyo de la Miel", "29631", 36.5995, -4.5370, "town", 3200),
    ("Benalmádena", "Torrequebrada", "29630", 36.5860, -4.5620, "beach", 3600),
    ("Torremolinos", "Torremolinos Centro", "29620", 36.6235, -4.5010, "town", 3300),
    ("Torremolinos", "La Carihuela", "29620", 36.6105, -4.5090, "beach", 3700),
    ("Torremolinos", "Playamar", "29620", 36.6330, -4.4930, "beach", 3600),
    ("Málaga", "Centro Histórico", "29015", 36.7215, -4.4220, "town", 4000),
    ("Málaga", "El Limonar", "29016", 36.7270, -4.3970, "hills", 4100),
    ("Málaga", "Pedregalejo", "29017", 36.7250, -4.3820, "beach", 3900),
    ("Málaga", "Teatinos", "29010", 36.7205, -4.4760, "town", 3100),
    ("Rincón de la Victoria", "La Cala del Moral", "29720", 36.7165, -4.3110, "beach", 2900),
    ("Rincón de la Victoria", "Torre de Benagalbón", "29738", 36.7200, -4.2480, "beach", 2950),
    ("Rincón de la Victoria", "Añoreta", "29730", 36.7280, -4.2560, "golf", 2900),
    ("Torrox", "Torrox Costa", "29793", 36.7360, -3.9650, "beach", 2700),
    ("Torrox", "El Morche", "29793", 36.7425, -3.9940, "beach", 2500),
    ("Torrox", "Torrox Pueblo", "29770", 36.7580, -3.9520, "village", 1600),
    ("Nerja", "Nerja Centro", "29780", 36.7500, -3.8780, "town", 3300),
    ("Nerja", "Burriana", "29780", 36.7540, -3.8690, "beach", 3600),
    ("Nerja", "Maro", "29787", 36.7590, -3.8450, "village", 2700),
    ("Nerja", "Río de la Miel", "29787", 36.7740, -3.8200, "country", 2100),
))  # fmt: skip

# How often each kind is met in each setting, of ten.
KINDS: Mapping[str, Mapping[str, int]] = {
    "beach": {"apartment": 5, "penthouse": 2, "town_house": 1, "studio": 1, "villa": 1},
    "town": {"apartment": 4, "penthouse": 1, "duplex": 1, "studio": 1, "town_house": 1, "commercial": 1, "garage": 1},
    "village": {"town_house": 6, "apartment": 2, "land": 1, "ruin": 1},
    "golf": {"apartment": 4, "penthouse": 2, "town_house": 2, "villa": 2},
    "hills": {"villa": 4, "town_house": 2, "apartment": 2, "penthouse": 1, "land": 1},
    "country": {"country_house": 7, "land": 3},
}
