"""Words: what feeds say in many languages, and what we call it.

Owns the tables of the importer. A value that is missing here is named in the run's report, so that the table can grow
by what agencies really write; it must never keep a home off the site by itself.
"""

import re
import unicodedata
from functools import cache

from babel import Locale

# The more telling kind stands first: a “penthouse apartment” is a penthouse, a “duplex penthouse” too.
_KINDS = {
    "penthouse": "penthouse, penthouse apartment, atico, attico, sobreatico, dachgeschosswohnung, dakappartement,"
    " takvaning, toppleilighet, duplex penthouse, atico duplex, cobertura, attique",
    "duplex": "duplex, triplex, maisonette, maisonnette, maisonettewohnung, duplexlagenhet, duplex apartment, ground"
    " floor duplex, top floor duplex",
    "studio": "studio, estudio, loft, einzimmerwohnung, studiolagenhet, studio apartment, studioleilighet, bedsit",
    "bungalow": "bungalow, bungalo, bungalows",
    "cave_house": "cave house, cave, casa cueva, cueva, hohlenhaus, grotwoning, grotthus, maison troglodyte",
    "wooden_home": "wooden home, wooden house, mobile home, casa de madera, casa movil, log cabin, cabin, chalet de"
    " bois, holzhaus, blockhaus, houten huis, stacaravan, mobilheim, trahus, chalet de madera, casa prefabricada,"
    " caravan",
    "country_house": "country house, country home, country property, farm, farmhouse, finca, finca cortijo, cortijo,"
    " casa de campo, casa rural, masia, pazo, caserio, landhaus, bauernhaus, bauernhof, finca rustica con casa,"
    " landhuis, boerderij, maison de campagne, ferme, mas, lantgard, lanthus, gard, casa colonica, quinta, rural"
    " home, equestrian property, hacienda, country estate, detached country house, lantstalle, landsted, rustico",
    "town_house": "town house, townhouse, terraced, terraced house, terraced villa, village house, village home, casa"
    " de pueblo, adosado, casa adosada, chalet adosado, villa adosada, pareado, casa pareada, chalet pareado, semi"
    " detached, semi detached house, semi detached villa, semidetached, linked villa, row house, reihenhaus,"
    " doppelhaushalfte, stadthaus, dorfhaus, rijtjeshuis, rijwoning, geschakelde woning, stadswoning, dorpshuis,"
    " halfvrijstaand, twee onder een kap, maison de ville, maison de village, maison mitoyenne, maison jumelee,"
    " radhus, parhus, byhus, rekkehus, geminada, casa a schiera, quad house, quad, corner townhouse",
    "villa": "villa, house, detached, detached house, detached villa, chalet, chalet independiente, casa, casa"
    " independiente, casa chalet, vivienda unifamiliar, torre, haus, einfamilienhaus, freistehendes haus, vrijstaand,"
    " vrijstaande woning, vrijstaande villa, huis, woonhuis, maison, maison individuelle, hus, enebolig,"
    " enfamiljshus, moradia, mansion, luxury villa, independent villa, casa individual, villa de lujo, fristaende"
    " villa, home, vila, chalet de lujo, single family home, palace, palacio, castle, castillo",
    "hotel": "hotel, hostal, hostel, guest house, guesthouse, bed and breakfast, b b, pension, gasthaus, hotel rural,"
    " apart hotel, aparthotel, albergue",
    "building": "building, edificio, block, apartment building, apartment block, edificio de viviendas,"
    " mehrfamilienhaus, wohnhaus, gebaude, gebouw, appartementsgebouw, immeuble, byggnad, flerfamiljshus, bloque de"
    " pisos, bygning, residential building, bloque",
    "office": "office, oficina, buro, kantoor, bureau, kontor, despacho, offices, escritorio, ufficio",
    "storage": "storage, storage room, store room, storeroom, trastero, lagerraum, berging, debarras, cave de"
    " stockage, forrad, bodega, abstellraum",
    "garage": "garage, garaje, parking, parking space, parking place, car park, plaza de garaje, plaza de"
    " aparcamiento, aparcamiento, stellplatz, tiefgarage, parkeerplaats, garagebox, place de parking,"
    " parkeringsplats, box auto, garasje, carport",
    "ruin": "ruin, ruina, ruins, ruinas, ruine, casa en ruinas, casa para reformar, property to reform, bouwval",
    "commercial": "commercial, commercial property, commercial premises, commercial unit, local, local comercial,"
    " business, negocio, traspaso, bar, restaurant, restaurante, cafe, cafeteria, shop, tienda, nave, nave"
    " industrial, warehouse, almacen, industrial, industrial unit, gewerbe, gewerbeimmobilie, geschaftslokal, laden,"
    " ladenlokal, halle, bedrijfspand, winkel, handelspand, horeca, local commercial, fonds de commerce, magasin,"
    " commerce, entrepot, kommersiell, butik, affarslokal, lokal, locale commerciale, loja, retail, investment,"
    " leasehold business",
    "land": "land, plot, plots, building plot, building land, plot of land, residential plot, rustic land, rustic"
    " plot, urban plot, urban land, parcela, solar, terreno, suelo, finca rustica, parcela urbana, parcela rustica,"
    " solar urbano, terreno urbano, terreno rustico, terreno urbanizable, grundstuck, baugrundstuck, bauland,"
    " bouwgrond, perceel, grond, bouwkavel, kavel, terrain, terrain a batir, parcelle, tomt, mark, byggtomt, grunn,"
    " lote, developer plot, commercial plot, industrial land, industrial plot, agricultural land, terrain"
    " constructible",
    "apartment": "apartment, apartments, flat, apartamento, apartamentos, piso, pisos, planta baja, bajo, ground"
    " floor, ground floor apartment, wohnung, eigentumswohnung, appartement, etagenwohnung, erdgeschosswohnung,"
    " lagenhet, leilighet, lejlighed, apartament, condo, condominium, middle floor apartment, top floor apartment,"
    " appartementen, benedenwoning, bovenwoning, flat apartment, entresuelo, appartamento, pis, apartemento, studio"
    " flat, ferienwohnung, vakantieappartement, rez de chaussee, logement, vivienda, asuntohuoneisto, kerrostalo",
}  # fmt: skip

_OFFERS = {
    ("sale", None): "sale, for sale, sell, selling, resale, buy, new build, newbuild, off plan, venta, en venta,"
    " vender, compra, obra nueva, kauf, verkauf, zu verkaufen, te koop, koop, verkoop, vente, a vendre, till salu,"
    " forsaljning, venda, vendita, til salg",
    ("rent_long", "month"): "month, monthly, per month, rent, rental, to rent, for rent, let, to let, rentlong, rent"
    " long, long term, longterm, long term rental, long let, alquiler, en alquiler, alquilar, larga temporada, mes,"
    " mensual, alquiler larga temporada, miete, mieten, zu vermieten, huur, te huur, maand, location, a louer, mois,"
    " hyra, uthyres, manad, arrendamiento, affitto, aluguer",
    ("rent_short", "week"): "week, weekly, per week, rentshort, rent short, short term, shortterm, short term rental,"
    " short let, holiday, holiday rental, holiday let, vacacional, alquiler vacacional, alquiler vacaciones, corta"
    " temporada, semana, semanal, ferienmiete, ferienvermietung, woche, vakantieverhuur, location saisonniere,"
    " semaine, vecka, semesterhyra",
    ("rent_short", "day"): "day, daily, per day, night, nightly, per night, dia, noche, tag, nacht, dag, jour, nuit",
}  # fmt: skip

_MONTHS = {
    1: "month, a month, per month, monthly, pm, p m, mes, al mes, por mes, mensual, mensuales, monat, im monat, pro"
    " monat, monatlich, maand, per maand, maandelijks, mois, par mois, manad, per manad, i manaden, mtl",
    3: "quarter, a quarter, per quarter, quarterly, trimestre, al trimestre, por trimestre, trimestral, trimestrales,"
    " quartal, pro quartal, kwartaal, per kwartaal, par trimestre, kvartal, per kvartal",
    6: "semestre, al semestre, semestral, half year, halbjahr, halfjaar, halvar",
    12: "year, a year, per year, yearly, annual, annually, pa, p a, ano, al ano, por ano, anual, anuales, jahr, im"
    " jahr, pro jahr, jahrlich, jaar, per jaar, jaarlijks, an, par an, annuel, ar, per ar, om aret",
}

_POOLS = {
    "private": "private, private pool, own, own pool, privada, privado, piscina privada, piscina propia, propia,"
    " privat, privater pool, eigener pool, prive, privee, prive zwembad, privezwembad, piscine privee, privat pool,"
    " privato, egen, egen pool, si privada",
    "communal": "communal, communal pool, community, community pool, shared, shared pool, public, comunitaria,"
    " comunitario, comunal, piscina comunitaria, piscina comunal, comun, compartida, gemeinschaft, gemeinschaftlich,"
    " gemeinschaftspool, gemeenschappelijk, gemeenschappelijk zwembad, communautaire, commun, commune, collective,"
    " piscine communautaire, piscine collective, gemensam, gemensam pool, delad, felles, faelles, condominiale",
    "yes": "1, yes, y, true, si, ja, oui, sim, pool, piscina, piscine, zwembad, swimming pool, schwimmbad, wahr, on,"
    " heated, climatizada, indoor, outdoor, private and communal",
    "no": "no, n, none, nee, nein, non, nej, nei, nao, ninguna, geen, keiner, aucune, ingen, false, no pool, sin"
    " piscina, without, kein pool, geen zwembad, pas de piscine, ingen pool",
}  # fmt: skip

_ENERGY = {
    "exempt": "exempt, exempted, exento, exenta, no aplica, not applicable, n a, na, vrijgesteld, vrijstelling,"
    " ausgenommen, befreit, nicht erforderlich, exempte, dispense, undantagen, undantag, isento, esente, not"
    " required, no required",
    "in_process": "in process, in progress, process, processing, under process, pending, applied for, requested,"
    " tramite, en tramite, en proceso, pendiente, solicitado, ta, in aanvraag, aangevraagd, wordt aangevraagd, in"
    " bearbeitung, beantragt, in arbeit, en cours, demande, en attente, pagaende, under behandling, ansokt, em"
    " processo, in corso, tba, to be confirmed",
    "unknown": "x, unknown, desconocido, desconocida, no indicado, not indicated, unbekannt, onbekend, inconnu,"
    " inconnue, okand, nc, nd, no disponible, not available, sin certificado, 0, none",
}  # fmt: skip

_MARKET = {
    "available": "available, free, active, disponible, libre, activo, verfugbar, beschikbaar, ledig",
    "under_offer": "under offer, bajo oferta, con oferta, onder bod, sous offre, pending",
    "reserved": "reserved, reservado, reservada, reserviert, gereserveerd, reserve, reserverad",
    "sold": "sold, vendido, vendida, verkauft, verkocht, vendu, vendue, sald",
    "let": "let, rented, alquilado, alquilada, vermietet, verhuurd, loue, louee, uthyrd",
    "off_market": "off market, withdrawn, inactive, inactivo, retirado, no disponible",
}

_YES = {"1", "yes", "y", "true", "si", "ja", "oui", "sim"}
_NO = {"0", "no", "n", "false", "nee", "nein", "non", "nej", "nao"}

CURRENCIES = {"EUR", "GBP", "USD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "AED", "QAR"}  # all in cents
CURRENCY_SIGNS = {"": "EUR", "€": "EUR", "EURO": "EUR", "EUROS": "EUR", "£": "GBP", "$": "USD"}
LANGUAGES = {
    "gb": "en",
    "us": "en",
    "cat": "ca",
    "se": "sv",
    "dk": "da",
    "cz": "cs",
    "gr": "el",
    "jp": "ja",
    "cn": "zh",
}

# South, north, west, east: a point outside is a geocoder's default, whatever country the home is in.
COUNTRY_BOXES = {
    "ES": (27.4, 43.9, -18.4, 4.6), "PT": (29.9, 42.3, -31.5, -6.0), "FR": (41.2, 51.3, -5.6, 9.8),
    "AD": (42.3, 42.8, 1.3, 1.9), "GI": (36.0, 36.2, -5.5, -5.3), "IT": (35.3, 47.2, 6.5, 18.7),
}  # fmt: skip


def folded(text: str) -> str:
    """A value as the tables hold it: no accents, lower case, words parted by one space."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def kind_of(text: str) -> str | None:
    """The kind of a property type: by the whole text, else by the most telling words in it, else None."""
    words = folded(text[:200]).split()
    whole = _KIND.get(" ".join(words))
    if whole:
        return whole
    ranking = list(_KINDS)
    for size in (3, 2, 1):
        found = {_KIND.get(" ".join(words[start : start + size])) for start in range(len(words) - size + 1)} - {None}
        if found:
            return min((kind for kind in found if kind), key=ranking.index)
    return None


def offer_of(text: str) -> tuple[str, str | None] | None:
    """Offer and price period meant by a price frequency, else None."""
    return _OFFER.get(folded(text))


def months_of(text: str) -> int | None:
    """How many months a cost is for, by its period: `/mes` is 1, `a year` is 12; else None."""
    return _MONTHS_OF.get(folded(text))


def pool_of(text: str) -> str | None:
    """The pool meant, else None. `0` and nothing mean that nobody said (Kyero): unknown, never “no pool”."""
    word = folded(text)
    return "unknown" if word in {"", "0"} else _POOL.get(word)


def flag_of(text: str) -> bool | None:
    """A yes or a no, else None."""
    word = folded(text)
    return True if word in _YES else False if word in _NO else None


def energy_of(text: str) -> tuple[str, str | None] | None:
    """State and letter of an energy rating, else None. X stands for exempt, pending or unknown alike (Kyero)."""
    letter = text.strip().upper()
    if letter in {"A", "B", "C", "D", "E", "F", "G"}:
        return "rated", letter
    state = _ENERGY_STATE.get(folded(text)) if letter else "unknown"
    return (state, None) if state else None


def market_status_of(text: str) -> str | None:
    """The market status meant, else None: the tags that carry it in dialects also carry provinces and conditions."""
    return _MARKET_STATUS.get(folded(text))


def country_of(text: str) -> str | None:
    """ISO 3166 code of a country by code or by its name in the languages of the coast, else None. Nothing is Spain."""
    return _countries().get(folded(text)) if text.strip() else "ES"


def _inverted(table: dict[str, str]) -> dict[str, str]:
    return {word.strip(): meaning for meaning, words in table.items() for word in words.split(",")}


@cache
def _countries() -> dict[str, str]:
    codes = {code: name for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
    known = {folded(code): code for code in codes}
    for language in ("en", "es", "ca", "de", "nl", "fr", "sv", "nb", "da", "it", "pt", "ru", "pl"):
        names = Locale(language).territories
        known.update({folded(names[code]): code for code in codes if folded(names.get(code, ""))})
    known.update({"uk": "GB", "england": "GB", "great britain": "GB", "reino unido": "GB", "usa": "US"})
    return known


_KIND = _inverted(_KINDS)
_OFFER = {word.strip(): meaning for meaning, words in _OFFERS.items() for word in words.split(",")}
_MONTHS_OF = {word.strip(): months for months, words in _MONTHS.items() for word in words.split(",")}
_POOL = _inverted(_POOLS)
_ENERGY_STATE = _inverted(_ENERGY)
_MARKET_STATUS = _inverted(_MARKET)
